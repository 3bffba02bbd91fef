/** sipp's scenarios with Asterisk at the far end: what they ask for can be done, and they notice. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { callers } from "./accounts.ts";
import { Asterisk } from "./asterisk.ts";
import { numbers } from "./asterisk-config.ts";
import { crossCancel } from "./crossing-call.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { runSipp, Sipp } from "./sipp.ts";
import { headerValues, startingWith } from "./sipp-report.ts";
import { calledScenarios, callerScenarios, digestCall } from "./sipp-scenarios.ts";

setDefaultTimeout(testLimitMs);

/** Left out: `missingAck` takes half a minute, and Asterisk accepts a REFER. */
const provable = [
  ["call", numbers.echo],
  ["lateAck", numbers.echo],
  ["cancelWhileRinging", numbers.ring],
  ["cancelAfterAnswer", numbers.echo],
  ["byeInsteadOfAck", numbers.echo],
  ["hold", numbers.echo],
  ["codecChange", numbers.echo],
  ["lateOffer", numbers.echo],
  ["noCommonCodec", numbers.echo],
  ["unknownExtension", numbers.echo],
  ["options", numbers.echo],
  ["strayBye", numbers.echo],
  ["infoDigits", numbers.echo],
  ["update", numbers.echo],
  ["reliableProvisional", numbers.ringThenEcho],
  ["busy", numbers.busy],
] as const;

await describeWithPeers("sipp and Asterisk", (root) => {
  const held = new AsyncDisposableStack();
  let pbx: Asterisk;

  beforeAll(async () => {
    pbx = held.use(await Asterisk.start(root));
  });

  afterAll(async () => await held.disposeAsync());

  describe("sipp calls", () => {
    test.each(provable)("%s", async (name, service) => {
      const scenario = callerScenarios[name];
      const result = await runSipp(root, { scenario, target: pbx.address, service });
      expect(result.complaints).toBe("");
      await pbx.isIdle();
    });

    test("a call that goes otherwise than the scenario says is a failure with a reason", async () => {
      const scenario = callerScenarios.call;
      const target = pbx.address;
      const result = await runSipp(root, { scenario, target, service: numbers.busy });
      expect(result).toMatchObject({ isGood: false, failed: 1 });
      expect(result.complaints).toContain("486");
    });

    test("INVITE three times makes one call", async () => {
      const { retransmittedInvite: scenario } = callerScenarios;
      const { echo: service } = numbers;
      const result = await runSipp(root, {
        scenario,
        target: pbx.address,
        service,
        ignoresUnexpected: true,
      });
      expect(result.complaints).toBe("");
      const answers = startingWith(result.messages, "received", "SIP/2.0 200");
      const toInvite = answers.filter((text) => text.includes("INVITE"));
      expect(new Set(headerValues(toInvite, "To")).size).toBe(1);
    });

    test("somebody with an account answers the challenge", async () => {
      const { user, password } = callers.first;
      const result = await runSipp(root, {
        scenario: digestCall(user),
        target: pbx.address,
        service: numbers.echo,
        credentials: { user, password },
      });
      expect(result.complaints).toBe("");
    });

    test("by TCP, many at once", async () => {
      const result = await runSipp(root, {
        scenario: callerScenarios.call,
        target: pbx.address,
        service: numbers.echo,
        calls: 20,
        callsPerSecond: 20,
        transport: "tcp",
      });
      expect(result).toMatchObject({ complaints: "", successful: 20 });
    });
  });

  test.each([0, 2, 10, 300])("CANCEL %d ms after INVITE ends in one of two ways", async (ms) => {
    const outcome = await crossCancel({
      target: pbx.address,
      user: numbers.echo,
      cancelAfterMs: ms,
      name: `crossing-${ms}`,
    });
    if (outcome.invite === 200) expect(outcome.bye).toBe(200);
    else expect(outcome).toEqual({ invite: 487, cancel: 200, bye: undefined });
    await pbx.isIdle();
  });

  describe("sipp is called", () => {
    test.each(["answer", "proxyDigest", "deaf"] as const)("%s", async (name) => {
      await using sipp = await Sipp.start(root, { scenario: calledScenarios[name] });
      await sipp.listens();
      const channel = `PJSIP/open/sip:7@${sipp.address}`;
      const call = await pbx.originate({ channel, number: numbers.echo });
      await call.answered();
      await call.hangUp();
      expect((await sipp.finished()).complaints).toBe("");
    });

    test.each(["hangUp", "busy"] as const)("%s", async (name) => {
      await using sipp = await Sipp.start(root, { scenario: calledScenarios[name] });
      await sipp.listens();
      const channel = `PJSIP/open/sip:7@${sipp.address}`;
      const call = await pbx.originate({ channel, number: numbers.echo });
      const cause = await call.ended();
      if (name === "busy") expect(cause).toBe("User busy");
      expect((await sipp.finished()).complaints).toBe("");
    });

    test("ringUntilCancelled", async () => {
      await using sipp = await Sipp.start(root, { scenario: calledScenarios.ringUntilCancelled });
      await sipp.listens();
      const channel = `PJSIP/open/sip:7@${sipp.address}`;
      const call = await pbx.originate({ channel, number: numbers.echo });
      await pbx.manager.event("Newstate", (event) => event.get("ChannelStateDesc") === "Ringing");
      await call.hangUp();
      expect((await sipp.finished()).complaints).toBe("");
    });
  });
});

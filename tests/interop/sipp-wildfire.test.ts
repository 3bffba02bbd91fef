/** Wildfire and sipp: retransmission, messages that cross, calls that end early, and many calls. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { Stage } from "../end-to-end/harness.ts";
import { figuresOf } from "../end-to-end/process-figures.ts";
import type { Program } from "../end-to-end/program.ts";
import { lines } from "./accounts.ts";
import { crossCancel } from "./crossing-call.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { PlainRegistrar } from "./plain-registrar.ts";
import { SilentWhisper } from "./silent-whisper.ts";
import { runSipp, Sipp, type SippOptions, type SippResult } from "./sipp.ts";
import { headerValues, startingWith } from "./sipp-report.ts";
import { calledScenarios, callerScenarios } from "./sipp-scenarios.ts";
import { WildfireLine } from "./wildfire-line.ts";

setDefaultTimeout(testLimitMs);

/** What Wildfire answers at once, so that there is nothing to cancel while it rings. */
const plain = [
  "call",
  "lateAck",
  "cancelAfterAnswer",
  "byeInsteadOfAck",
  "hold",
  "codecChange",
  "lateOffer",
  "noCommonCodec",
  "unknownExtension",
  "options",
  "strayBye",
  "update",
  "reliableProvisional",
  "refer",
] as const;

await describeWithPeers("Wildfire and sipp", (root) => {
  const held = new AsyncDisposableStack();
  let registrar: PlainRegistrar;
  let silent: SilentWhisper;
  let line: WildfireLine;
  let idleDescriptors: number;
  let missingAck: Promise<SippResult>;

  beforeAll(async () => {
    silent = held.use(await SilentWhisper.open());
    const first = await startLine();
    ({ registrar, line } = first);
    idleDescriptors = figuresOf(line.program.pid).descriptors;
    // Takes half a minute, and so has a line of its own beside the others.
    const second = await startLine();
    const scenario = callerScenarios.missingAck;
    missingAck = callLine({ scenario, limitS: 50 }, second.registrar);
    missingAck.catch(() => undefined);
  });

  afterAll(async () => await held.disposeAsync());

  async function startLine(): Promise<{ registrar: PlainRegistrar; line: WildfireLine }> {
    const stage = held.use(new Stage());
    const exchange = held.use(await PlainRegistrar.open());
    const common = { accounts: [lines.md5], whisperPort: silent.port };
    const options = { ...common, registrar: exchange.address };
    const started = held.use(await WildfireLine.start(stage, options));
    await started.event("registration", ({ isRegistered }) => isRegistered === true);
    return { registrar: exchange, line: started };
  }

  async function callLine(
    options: Omit<SippOptions, "target" | "service">,
    exchange: PlainRegistrar = registrar,
  ): Promise<SippResult> {
    const { user, address } = await exchange.contact();
    return await runSipp(root, { ...options, target: address, service: user });
  }

  /** A line whose exchange is sipp, but for registrations. */
  async function callSipp(
    name: keyof typeof calledScenarios,
    use: (calling: Program, caller: WildfireLine) => Promise<void>,
  ): Promise<SippResult> {
    await using callingStage = new Stage();
    using front = await PlainRegistrar.open();
    await using sipp = await Sipp.start(root, { scenario: calledScenarios[name] });
    await sipp.listens();
    front.passTo(sipp.port);
    const common = { accounts: [lines.md5], whisperPort: silent.port };
    const options = { ...common, registrar: front.address };
    await using caller = await WildfireLine.start(callingStage, options);
    await caller.event("registration", ({ isRegistered }) => isRegistered === true);
    await using calling = caller.call("7", ["--wait"]);
    await use(calling, caller);
    await calling.exited();
    return await sipp.finished();
  }

  describe("sipp calls", () => {
    test.each(plain)("%s", async (name) => {
      const result = await callLine({ scenario: callerScenarios[name] });
      expect(result.complaints).toBe("");
    });

    test("the 200 is sent anew until the ACK is there, and not after it", async () => {
      const { messages } = await callLine({ scenario: callerScenarios.lateAck });
      const answers = startingWith(messages, "received", "SIP/2.0 200");
      const toInvite = answers.filter((text) => headerValues([text], "CSeq")[0] === "1 INVITE");
      // At 0, 500 and 1500 ms.
      expect(toInvite).toHaveLength(3);
    });

    test("INVITE three times makes one call", async () => {
      const result = await callLine({
        scenario: callerScenarios.retransmittedInvite,
        ignoresUnexpected: true,
      });
      expect(result.complaints).toBe("");
      const answers = startingWith(result.messages, "received", "SIP/2.0 200");
      const toInvite = answers.filter((text) => headerValues([text], "CSeq")[0] === "1 INVITE");
      expect(new Set(headerValues(toInvite, "To")).size).toBe(1);
    });

    test("digits by INFO are heard", async () => {
      const result = await callLine({ scenario: callerScenarios.infoDigits });
      expect(result.complaints).toBe("");
      expect(line.digits()).toBe("1#");
    });

    test("by TCP", async () => {
      const scenario = callerScenarios.call;
      const result = await callLine({ scenario, calls: 5, transport: "tcp" });
      expect(result).toMatchObject({ complaints: "", successful: 5 });
    });
  });

  test.each([0, 1, 2, 5, 10, 50])(
    "CANCEL %d ms after INVITE ends in one of two ways",
    async (ms) => {
      const { user, address } = await registrar.contact();
      const name = `crossing-${ms}`;
      const outcome = await crossCancel({ target: address, user, cancelAfterMs: ms, name });
      if (outcome.invite === 200) expect(outcome.bye).toBe(200);
      else expect(outcome).toEqual({ invite: 487, cancel: 200, bye: undefined });
    },
  );

  describe("Wildfire calls", () => {
    test.each(["answer", "proxyDigest", "deaf"] as const)("%s", async (name) => {
      const result = await callSipp(name, async (calling, caller) => {
        await caller.event("established");
        calling.signal("SIGINT");
        await caller.event("ended", ({ by }) => by === "us");
      });
      expect(result.complaints).toBe("");
    });

    test("hangUp", async () => {
      const result = await callSipp("hangUp", async (calling, caller) => {
        await caller.event("ended", ({ by }) => by === "peer");
        expect(await calling.exited()).toBe(0);
      });
      expect(result.complaints).toBe("");
    });

    test("busy", async () => {
      const result = await callSipp("busy", async (calling, caller) => {
        expect(await caller.event("ended")).toMatchObject({ status: 486 });
        expect(await calling.exited()).toBe(1);
      });
      expect(result.complaints).toBe("");
    });

    test("ringUntilCancelled", async () => {
      const result = await callSipp("ringUntilCancelled", async (calling, caller) => {
        await caller.event("progress", ({ status }) => status === 180);
        calling.signal("SIGINT");
        await caller.event("ended");
      });
      expect(result.complaints).toBe("");
    });
  });

  test("a hundred calls at ten per second, each answered and ended, and nothing is left", async () => {
    const calls = 100;
    const ended = line.events("ended").length;
    const result = await callLine({
      scenario: callerScenarios.call,
      calls,
      callsPerSecond: 10,
      pauseMs: 1_000,
      limitS: 40,
    });
    expect(result).toMatchObject({ complaints: "", successful: 100, retransmissions: 0 });
    await line.has(ended + calls, "ended");
    await line.returnsTo(idleDescriptors);
  });

  test("without an ACK it gives up after half a minute", async () => {
    const result = await missingAck;
    expect(result.complaints).toBe("");
    const byes = startingWith(result.messages, "received", "BYE ");
    expect(byes.length).toBeGreaterThan(0);
  });
});

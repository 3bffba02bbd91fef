/** Wildfire registers at a real Asterisk, stays registered, and comes back after it. */
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { eventually, testLimitMs } from "../end-to-end/eventually.ts";
import { Stage } from "../end-to-end/harness.ts";
import { lines } from "./accounts.ts";
import { Asterisk } from "./asterisk.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { PlainRegistrar } from "./plain-registrar.ts";
import { loopback } from "./ports.ts";
import { transportTo, WildfireLine } from "./wildfire-line.ts";

setDefaultTimeout(testLimitMs);

/** From the return of the exchange until the line is registered there again. */
const returnLimitMs = 5_000;

await describeWithPeers("Wildfire registers at Asterisk", (root) => {
  const held = new AsyncDisposableStack();
  let pbx: Asterisk;

  beforeAll(async () => {
    pbx = held.use(await Asterisk.start(root));
  });

  beforeEach(() => pbx.manager.forget());

  afterAll(async () => await held.disposeAsync());

  describe("digest", () => {
    test.each([
      ["MD5", lines.md5],
      ["SHA-256 before MD5", lines.sha256],
      ["SHA-256 only", lines.sha256Only],
    ] as const)("%s", async (_, account) => {
      await using stage = new Stage();
      const accounts = [account];
      await using line = await WildfireLine.start(stage, { accounts, registrar: pbx.address });
      expect(await pbx.registered(account.user)).toStartWith(`sip:${account.user}@`);
      await pbx.reachable(account.user);
      await line.event("registration", ({ isRegistered }) => isRegistered === true);
      await line.stop();
      expect(await pbx.contact(account.user)).toBeUndefined();
    });

    test("a wrong password is not tried over and over", async () => {
      await using stage = new Stage();
      const options = { accounts: [lines.md5], registrar: pbx.address, password: "wrong" };
      await using line = await WildfireLine.start(stage, options);
      const failed = await line.event("registration", ({ lastProblem }) => lastProblem !== null);
      const { nextInMs } = failed;
      expect(nextInMs === null || Number(nextInMs) >= 5_000).toBeTrue();
      expect(await pbx.contact(lines.md5.user)).toBeUndefined();
      const refusals = pbx.manager.find("InvalidPassword").length;
      const failures = pbx.manager.find("ChallengeResponseFailed").length;
      expect(refusals + failures).toBeWithin(1, 3);
      expect(line.program.exitCode).toBeUndefined();
    });
  });

  describe("transport", () => {
    test.each(["tcp", "tls"] as const)("%s", async (transport) => {
      await using stage = new Stage();
      const accounts = [lines.md5];
      const options = { accounts, ...transportTo(pbx, transport) };
      await using line = await WildfireLine.start(stage, options);
      const contact = await pbx.registered(lines.md5.user);
      expect(contact.toLowerCase()).toContain(`transport=${transport}`);
      await pbx.reachable(lines.md5.user);
      await line.stop();
    });

    test("a certificate of nobody known is refused", async () => {
      await using stage = new Stage();
      await using line = await WildfireLine.start(stage, {
        accounts: [lines.md5],
        registrar: `${loopback}:${pbx.ports.tls}`,
        transport: "tls",
      });
      const failed = await line.event("registration", ({ lastProblem }) => lastProblem !== null);
      expect(String(failed["lastProblem"])).toMatch(/certificate/i);
      expect(await pbx.contact(lines.md5.user)).toBeUndefined();
    });
  });

  test("several lines at once, and all are taken back at the end", async () => {
    await using stage = new Stage();
    const accounts = [lines.md5, lines.sha256, lines.muLaw];
    await using line = await WildfireLine.start(stage, { accounts, registrar: pbx.address });
    for (const { user } of accounts) await pbx.registered(user);
    await line.stop();
    for (const { user } of accounts) expect(await pbx.contact(user)).toBeUndefined();
  });

  test("a registration of ten seconds is refreshed in time", async () => {
    await using stage = new Stage();
    const { user } = lines.shortLived;
    const accounts = [lines.shortLived];
    await using line = await WildfireLine.start(stage, { accounts, registrar: pbx.address });
    await pbx.registered(user);
    const first = await pbx.expiry(user);
    await eventually({
      what: "a refresh",
      limitMs: 12_000,
      probe: async () => (await pbx.expiry(user)) > first,
      explain: () => line.program.explain(),
    });
    expect(pbx.manager.find("ContactStatus", (event) => isRemoval(event, user))).toEqual([]);
  });

  describe("when Asterisk goes away", () => {
    test("a line that started before it registers within 5 s of its start", async () => {
      await using stage = new Stage();
      await pbx.end("SIGTERM", "registrations");
      const accounts = [lines.md5];
      await using line = await WildfireLine.start(stage, { accounts, registrar: pbx.address });
      await line.event("registration", ({ lastProblem }) => lastProblem !== null, 40_000);
      await pbx.launch();
      await pbx.registered(lines.md5.user, returnLimitMs);
    });

    test("killed in mid-registration: registered within 5 s of its return", async () => {
      await using stage = new Stage();
      const accounts = [lines.shortLived];
      const { user } = lines.shortLived;
      await using line = await WildfireLine.start(stage, { accounts, registrar: pbx.address });
      await pbx.registered(user);
      await pbx.end("SIGKILL", "registrations");
      {
        // In its place somebody who hears the REGISTER and says nothing.
        const { sip: port } = pbx.ports;
        using silent = await PlainRegistrar.open({ port, isSilent: true });
        await silent.asked(2);
      }
      await pbx.launch();
      await pbx.registered(user, returnLimitMs);
      expect(line.program.exitCode).toBeUndefined();
    });
  });
});

function isRemoval(event: ReadonlyMap<string, string>, user: string): boolean {
  return event.get("AOR") === user && event.get("ContactStatus") === "Removed";
}

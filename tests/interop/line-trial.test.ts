/** A line is tried at real exchanges, beside a service that has it and without one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { type LineTrial, tryLine } from "../../src/tries/line-trial.ts";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { Stage } from "../end-to-end/harness.ts";
import { type Account, lines } from "./accounts.ts";
import { Asterisk } from "./asterisk.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { Kamailio } from "./kamailio.ts";
import { WildfireLine } from "./wildfire-line.ts";

setDefaultTimeout(testLimitMs);

const log = createLogger({ level: "error", clock: systemClock, sink: () => undefined });

async function tried(
  { user, password }: Pick<Account, "user" | "password">,
  address: string,
): Promise<LineTrial> {
  return await tryLine({
    line: `${user}@${address}`,
    password,
    clock: systemClock,
    log,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    signal: new AbortController().signal,
  });
}

await describeWithPeers("A line is tried at Asterisk", (root) => {
  const held = new AsyncDisposableStack();
  let pbx: Asterisk;

  beforeAll(async () => {
    pbx = held.use(await Asterisk.start(root));
  });

  afterAll(async () => await held.disposeAsync());

  describe.each(["udp", "tcp"])("over %s", (transport) => {
    test("it is registered and taken back", async () => {
      const trial = await tried(lines.md5, `${pbx.address};transport=${transport}`);
      expect(trial).toMatchObject({ level: "ok", verdict: "registered" });
      expect(await pbx.contact(lines.md5.user)).toBeUndefined();
    });

    test("a wrong password and an extension that is not there are refused", async () => {
      const address = `${pbx.address};transport=${transport}`;
      const wrong = await tried({ ...lines.md5, password: "wrong" }, address);
      expect(wrong).toMatchObject({ level: "fault", verdict: "wrong-password" });
      const nobody = await tried({ user: "987654", password: "x" }, address);
      expect(nobody.level).toBe("fault");
    });
  });

  test("a service that has the line keeps it", async () => {
    await using stage = new Stage();
    const options = { accounts: [lines.md5], registrar: pbx.address };
    await using line = await WildfireLine.start(stage, options);
    await line.event("registration", ({ isRegistered }) => isRegistered === true);
    const before = await pbx.contact(lines.md5.user);
    const trial = await tried(lines.md5, pbx.address);
    expect(trial).toMatchObject({ level: "ok", verdict: "accepted" });
    expect(await pbx.contact(lines.md5.user)).toBe(before ?? "none");
  });
});

await describeWithPeers("A line is tried at kamailio", (root) => {
  const held = new AsyncDisposableStack();
  let proxy: Kamailio;

  beforeAll(async () => {
    proxy = held.use(await Kamailio.start(root));
  });

  afterAll(async () => await held.disposeAsync());

  test("it is registered and taken back, and a wrong password is refused", async () => {
    const first = await tried(lines.md5, proxy.address);
    expect(first).toMatchObject({ level: "ok", verdict: "registered" });
    // Had it been left there, the next one would find it.
    expect(await tried(lines.md5, proxy.address)).toMatchObject({ verdict: "registered" });
    const wrong = await tried({ ...lines.md5, password: "wrong" }, proxy.address);
    expect(wrong).toMatchObject({ level: "fault", verdict: "wrong-password" });
  });
});

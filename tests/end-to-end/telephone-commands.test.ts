/** Keys of the caller, `wildfire call`, and what other programs can tell the telephone to do. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, testLimitMs } from "./eventually.ts";
import { runToEnd } from "./program.ts";
import { answerByNumber, lineUser, openPbx, Telephone } from "./telephone-rig.ts";

setDefaultTimeout(testLimitMs);

const pbx = { answer: answerByNumber } as const;

describe.concurrent("keys of the caller", () => {
  test("by RFC 4733: each one once, in order", async () => {
    await using telephone = await Telephone.open();
    const call = await telephone.pbx.call(lineUser);
    expect(call.sendDigits("1590*#AD")).toBe(true);

    await telephone.tells(8, "digit");
    // A key that was told twice would be there before the last one of these.
    expect(call.sendDigits("7")).toBe(true);
    await telephone.tells(1, "digit", ({ digit }) => digit === "7");
    expect(digitsOf(telephone)).toBe("1590*#AD7");
  });

  test("by INFO, in both forms: each one once; what is no key is refused", async () => {
    await using telephone = await Telephone.open();
    const call = await telephone.pbx.call(lineUser);
    const relay = (body: string, type = "application/dtmf-relay") =>
      call.request("INFO", { headers: [{ name: "Content-Type", value: type }], body });

    expect(await relay("Signal=5\r\nDuration=160\r\n")).toBe(200);
    expect(await relay("Signal=*\r\nDuration=100\r\n")).toBe(200);
    expect(await relay("7", "application/dtmf")).toBe(200);
    expect(await relay("<x/>", "application/media_control+xml")).toBe(415);
    await telephone.tells(3, "digit");
    expect(digitsOf(telephone)).toBe("5*7");
  });
});

describe.concurrent("wildfire call", () => {
  test("NUMBER --digits --wait: ringing, answered, keys pressed, over when the PBX hangs up", async () => {
    await using telephone = await Telephone.open({ pbx });
    await using calling = telephone.dial("600", ["--digits", "12#", "--wait"]);
    const call = await incoming(telephone);
    await call.up;
    await eventually({ what: "the keys at the PBX", probe: () => call.digits === "12#" });
    call.hangUp();

    expect(await calling.exited()).toBe(0);
    expect(calling.output).toEqual(["ringing", "answered", "ended by peer"]);
    expect(calling.errors).toEqual([]);
    await telephone.hasNoCall();
  });

  test("without --wait it leaves when the call is up, which goes on", async () => {
    await using telephone = await Telephone.open({ pbx });
    await using calling = telephone.dial("600");
    expect(await calling.exited()).toBe(0);
    const { current } = await telephone.status();
    expect(current).toMatchObject([{ state: "up", direction: "outgoing" }]);
  });

  test.each([
    ["486", "ended by peer: 486 Busy Here"],
    ["404", "ended by peer: 404 Not Found"],
    ["603", "ended by peer: 603 Decline"],
  ])(
    "a call that is refused with %s: exit code 1, and the reason on one line",
    async (number, line) => {
      await using telephone = await Telephone.open({ pbx });
      await using calling = telephone.dial(number, ["--wait"]);
      expect(await calling.exited()).toBe(1);
      expect(calling.output).toEqual([line]);
      await telephone.hasNoCall();
    },
  );

  test("Ctrl+C hangs up: while it rings, and when it is up", async () => {
    await using telephone = await Telephone.open({ pbx });
    for (const [index, [number, line]] of [
      ["700", "ringing"],
      ["600", "answered"],
    ].entries()) {
      await using calling = telephone.dial(number ?? "", ["--wait"]);
      await eventually({
        what: `"${line}"`,
        probe: () => calling.output.includes(line ?? ""),
        explain: () => calling.explain(),
      });
      calling.signal("SIGINT");
      expect(await calling.exited()).toBe(130);
      const { by } = (await telephone.pbx.incoming[index]?.ended) ?? {};
      expect(by).toBe("peer");
    }
    await telephone.hasNoCall();
  });

  test("a line that is not there, and a PBX that takes no more calls: one line, exit code 1", async () => {
    await using telephone = await Telephone.open({ pbx, argv: ["--max-calls", "1"] });
    await using wrong = telephone.dial("600", ["--line", "999"]);
    expect(await wrong.exited()).not.toBe(0);
    expect(wrong.errors.join("\n")).toContain("no line 999");

    await telephone.pbx.call(lineUser);
    await using busy = telephone.dial("600");
    expect(await busy.exited()).not.toBe(0);
    expect(busy.errors.join("\n")).toContain("all lines are busy");
    expect((await telephone.status()).current).toHaveLength(1);
  });

  test("before the line is registered it says so at once", async () => {
    await using telephone = await Telephone.startAt(await openPbx({ password: "another" }));
    await telephone.program.said("the PBX refuses the registration");
    await using calling = telephone.dial("600", ["--wait"]);
    expect(await calling.exited()).not.toBe(0);
    expect(calling.errors).toHaveLength(1);
    expect(calling.errors[0]).toContain("no line is registered");
  });

  test("without a running service it says how to start one; a dead one's socket does not count", async () => {
    const folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
    try {
      const argv = ["call", "600", "--state-dir", folder];
      const alone = await runToEnd({ argv, cwd: folder });
      expect(alone.exitCode).not.toBe(0);
      expect(alone.errors.join("\n")).toContain("no sip service is running");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }

    await using telephone = await Telephone.open({ pbx });
    await using second = await Telephone.open({ pbx }, telephone.stage);
    telephone.program.signal("SIGKILL");
    await telephone.program.exited();
    await using calling = second.dial("600");
    expect(await calling.exited()).toBe(0);
  });
});

describe.concurrent("commands of other programs", () => {
  test("call, digits, hold, resume, hang-up", async () => {
    await using telephone = await Telephone.open({ pbx });
    const { key } = await telephone.command("call", { number: "600", line: lineUser });
    const call = await incoming(telephone);
    await telephone.tells(1, "established");

    expect(await telephone.command("digits", { key: String(key), digits: "4" })).toEqual({});
    await eventually({ what: "the key at the PBX", probe: () => call.digits === "4" });
    expect(await telephone.command("hold", { key: String(key) })).toEqual({ ok: true });
    expect(call.agreed?.direction).toBe("recvonly");
    expect(await telephone.command("resume", { key: String(key) })).toEqual({ ok: true });
    expect(call.agreed?.direction).toBe("sendrecv");
    expect(await telephone.command("hang-up", { key: String(key) })).toEqual({});
    expect(await call.ended).toMatchObject({ by: "peer" });
    await telephone.hasNoCall();
  });

  test.each(["(555) 01-99", "tel:5550199", "sip:5550199@PBX"])(
    "call takes a number as people write it: %s",
    async (written) => {
      await using telephone = await Telephone.open({ pbx });
      const number = written.replace("PBX", telephone.pbx.address);
      await telephone.command("call", { number });
      const { remote } = await telephone.next("established", 0);
      expect(remote).toBe("5550199");
    },
  );

  test("transfer hands the call on, and ends it here when the PBX has taken it", async () => {
    await using telephone = await Telephone.open({ pbx });
    const call = await telephone.pbx.call(lineUser);
    const { key } = await telephone.next("established", 0);
    const fields = { key: String(key), number: "601" };
    expect(await telephone.command("transfer", fields)).toEqual({ ok: true });
    expect(telephone.pbx.transfers).toEqual([{ referTo: `<sip:601@${telephone.pbx.address}>` }]);
    await call.ended;
    await telephone.hasNoCall();
  });

  test.each([
    ["hang-up", { key: "77" }, "there is no call"],
    ["hold", {}, "key"],
    ["digits", { key: "1", digits: "12x" }, "12x"],
    ["digits", { key: "1", digits: "" }, "digits"],
    ["transfer", { key: "1", number: "6\r\nVia: x" }, "number"],
    ["transfer", { key: "1", number: ["600"] }, "number"],
    ["call", { number: "600", line: "999" }, "no line 999"],
    ["call", {}, "number"],
    ["call", { number: "sip:" }, '"sip:" is no SIP URI'],
    ["explode", {}, "unknown command"],
  ])("%s %j is refused in one line", async (command, fields, part) => {
    await using telephone = await Telephone.open({ pbx });
    await telephone.pbx.call(lineUser);
    await telephone.tells(1, "established");
    const { error } = await telephone.command(command, fields);
    expect(String(error)).toContain(part);
    expect(String(error)).not.toContain("\n");
    expect((await telephone.status()).current).toHaveLength(1);
  });
});

function digitsOf(telephone: Telephone): string {
  return telephone
    .events("digit")
    .map(({ digit }) => String(digit))
    .join("");
}

/** The first call that comes to the PBX. */
async function incoming({ pbx: { incoming: calls } }: Telephone) {
  return await eventually({ what: "a call at the PBX", probe: () => calls[0] });
}

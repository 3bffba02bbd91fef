/** The telephone and its PBX: registered again soon after whatever happened, gone in order, and silent about secrets. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "./eventually.ts";
import { Stage } from "./harness.ts";
import { freeUdpPort } from "./raw-connection.ts";
import {
  answerByNumber,
  linePassword,
  lineUser,
  openPbx,
  privateNumber,
  Telephone,
} from "./telephone-rig.ts";

setDefaultTimeout(testLimitMs);

/** The bar of the project, and a little for a busy machine. */
const returnLimitMs = 5500;
const stopLimitMs = 15_000;
/** As often as the shortest time allows: about every 3 s. */
const pbx = { grantedSeconds: 4 } as const;

describe.concurrent("registration", () => {
  for (const transport of ["udp", "tcp"] as const) {
    test(`${transport}: a PBX that comes up late is found within 5 s`, async () => {
      await using stage = new Stage();
      const port = await freeUdpPort();
      const absent = await openPbx();
      const lines = [`${lineUser}@127.0.0.1:${port};transport=${transport}`];
      await using telephone = await Telephone.startAt(absent, { lines }, stage);
      await telephone.program.said("not registered, trying again");
      // By then the pauses between tries are as long as they get.
      await telephone.tells(4, "registration", ({ state }) => state === "registering");
      absent.close();

      telephone.pbx = await openPbx({ port });
      await telephone.reaches("a registered line", isRegistered, returnLimitMs);
      await telephone.pbx.call(lineUser);
    });

    test(`${transport}: a PBX that was restarted and knows nobody is noticed, and calls come again`, async () => {
      await using telephone = await Telephone.open({ pbx, transport });
      const { port } = telephone.pbx;
      telephone.pbx.kill();
      telephone.pbx = await openPbx({ ...pbx, port });
      await telephone.pbx.registered(lineUser);
      await telephone.pbx.call(lineUser);
    });
  }

  test("a PBX that was away for a while has its line back within 5 s", async () => {
    await using telephone = await Telephone.open({ pbx });
    const { port } = telephone.pbx;
    telephone.pbx.kill();
    await telephone.program.said("not registered, trying again");
    telephone.pbx = await openPbx({ ...pbx, port });
    await telephone.reaches("a registered line", isRegistered, returnLimitMs);
    expect(telephone.pbx.registrar.binding(lineUser)).toBeDefined();
  });

  test("a wrong password is told once, and not tried again and again", async () => {
    const strict = await openPbx({ password: "another" });
    await using telephone = await Telephone.startAt(strict);
    const refused = await telephone.program.said("the PBX refuses the registration");
    expect(String(refused["problem"])).toContain("check the password");
    expect(Number(refused["retryInMs"])).toBeGreaterThanOrEqual(60_000);
    expect(strict.registrar.refused).toBe(1);
  });

  test("several lines, each called by its own name, over UDP and TCP", async () => {
    const pbxOfTwo = await openPbx();
    const lines = [`300@${pbxOfTwo.address}`, `301@${pbxOfTwo.address};transport=tcp`];
    await using telephone = await Telephone.startAt(pbxOfTwo, { lines });
    for (const [index, user] of ["300", "301"].entries()) {
      await pbxOfTwo.registered(user);
      await pbxOfTwo.call(user);
      expect(await telephone.next("established", index)).toMatchObject({
        line: `${user}@${pbxOfTwo.address}`,
      });
    }
  });
});

describe.concurrent("stopping", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} with calls up: BYE to each, registration taken back, exit code 0 in time`, async () => {
      await using telephone = await Telephone.open({ pbx: { answer: answerByNumber } });
      const { program } = telephone;
      const calls = [await telephone.pbx.call(lineUser), await telephone.pbx.call(lineUser)];
      await telephone.command("call", { number: "700" });
      await telephone.tells(1, "progress", ({ status }) => status === 180);
      const [ringing] = telephone.pbx.incoming;

      program.signal(signal);
      expect(await program.exited(stopLimitMs)).toBe(0);
      for (const call of calls) expect(await call.ended).toMatchObject({ by: "peer" });
      expect(await ringing?.ended).toMatchObject({ by: "peer", status: 487 });
      expect(telephone.pbx.registrar.binding(lineUser)).toBeUndefined();
      expect(program.errors.join("\n")).not.toContain("does not stop in time");
      expect(telephone.events("ended")).toHaveLength(3);
    });
  }

  test("with a PBX that is gone it does not wait for an answer either", async () => {
    await using telephone = await Telephone.open();
    await telephone.pbx.call(lineUser);
    telephone.pbx.kill();
    telephone.program.signal("SIGTERM");
    expect(await telephone.program.exited(stopLimitMs)).toBe(0);
    expect(telephone.program.errors.join("\n")).not.toContain("does not stop in time");
  });
});

describe.concurrent("what the log tells", () => {
  const answer = answerByNumber;

  test("no secret, and no number, not even with --verbose", async () => {
    await using telephone = await Telephone.open({ pbx: { answer }, argv: ["--verbose"] });
    await callBothWays(telephone);
    const log = telephone.program.errors.join("\n");
    expect(log).toContain("call is up");
    expect(log).not.toContain(linePassword);
    expect(log).not.toContain("response=");
    expect(log).not.toContain(privateNumber);
    expect(log).not.toContain('"digit":');
  });

  test("with --log-private numbers and keys, but still no secret", async () => {
    const argv = ["--verbose", "--log-private"];
    await using telephone = await Telephone.open({ pbx: { answer }, argv });
    await callBothWays(telephone);
    const log = telephone.program.errors.join("\n");
    expect(log).toContain(privateNumber);
    expect(log).toContain('"digit":"9"');
    expect(log).not.toContain(linePassword);
    expect(log).not.toContain("response=");
    expect(telephone.program.output.join("\n")).not.toContain(linePassword);
  });
});

async function callBothWays(telephone: Telephone): Promise<void> {
  await telephone.command("call", { number: privateNumber });
  await telephone.tells(1, "established");
  const call = await telephone.pbx.call(lineUser);
  call.sendDigits("9");
  await telephone.tells(1, "digit");
  call.hangUp();
  await telephone.tells(1, "ended");
}

function isRegistered({ lines }: { lines: readonly { readonly isRegistered: boolean }[] }) {
  return lines.every((line) => line.isRegistered);
}

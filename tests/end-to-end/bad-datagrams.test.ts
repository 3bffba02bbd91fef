/** Whatever arrives on the registration port: refused, counted by reason, said once, and no call suffers. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "./eventually.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { Stage, type Whisper } from "./harness.ts";
import { Announcer } from "./legacy-inbound.ts";
import { demoCall } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const ids = { good: 3700, trimmed: 3702 } as const;

interface BadDatagram {
  readonly bytes: string | Uint8Array;
  readonly reason: "empty" | "oversized" | "not-utf8" | "unknown-verb" | "bad-call-id";
  /** What the log line must show of it. */
  readonly shown?: string;
}

/** More than this does not fit into one UDP datagram on every system; 65,507 bytes are the limit. */
const largestBytes = 60_000;

const badDatagrams: Readonly<Record<string, BadDatagram>> = {
  "an empty datagram": { bytes: "", reason: "empty" },
  "white space only": { bytes: " \r\n\t ", reason: "empty" },
  junk: { bytes: "hello, is anybody there?", reason: "unknown-verb", shown: "hello, is anybody" },
  "a verb without its colon": { bytes: "REGISTER 111", reason: "unknown-verb" },
  "a verb in lower case": { bytes: "register:111", reason: "unknown-verb" },
  "bytes that are no UTF-8": { bytes: Uint8Array.of(0xff, 0xfe, 0x80, 0xc3), reason: "not-utf8" },
  "an id that is no UTF-8": {
    bytes: Buffer.concat([Buffer.from("REGISTER:1"), Uint8Array.of(0xc3, 0x28)]),
    reason: "not-utf8",
  },
  "257 bytes": { bytes: "x".repeat(257), reason: "oversized" },
  "60,000 bytes that begin well": {
    bytes: `REGISTER:111${" ".repeat(largestBytes - 12)}`,
    reason: "oversized",
    shown: "REGISTER:111",
  },
  "no id": { bytes: "REGISTER:", reason: "bad-call-id" },
  "a negative id": { bytes: "REGISTER:-1", reason: "bad-call-id", shown: "REGISTER:-1" },
  "a huge id": { bytes: "REGISTER:99999999", reason: "bad-call-id" },
  "an id whose ports do not exist": { bytes: "REGISTER:52536", reason: "bad-call-id" },
  "an id with letters": { bytes: "REGISTER:12abc", reason: "bad-call-id", shown: "12abc" },
  "an id that is a path": { bytes: "REGISTER:../x", reason: "bad-call-id", shown: "../x" },
  "an id in hexadecimal": { bytes: "REGISTER:0x10", reason: "bad-call-id", shown: "0x10" },
  "an id with a line feed in it": {
    bytes: "REGISTER:1\n11",
    reason: "bad-call-id",
    // As a JSON string within a JSON string: the line of the log stays one line.
    shown: "REGISTER:1\\n11",
  },
  "an id with a zero byte": { bytes: "REGISTER:11\u0000", reason: "bad-call-id" },
  "two ids": { bytes: "REGISTER:111,112", reason: "bad-call-id" },
  "a BYE without an id": { bytes: "BYE:", reason: "bad-call-id" },
};

for (const [name, bad] of Object.entries(badDatagrams)) {
  test(`${name} is refused as ${bad.reason}, with one line that quotes it`, async () => {
    await using stage = new Stage();
    const whisper = await stage.startWhisper({ llamaPort: 1 });
    using announcer = await Announcer.open(whisper.port);
    announcer.send(bad.bytes);

    const { registration, totals } = await datagrams(whisper, 1);
    expect(registration.refused[bad.reason]).toBe(1);
    expect(sum(registration.refused)).toBe(1);
    expect(registration.registers + registration.byes + totals.started).toBe(0);
    const line = await whisper.program.said(`datagram refused: ${bad.reason}`);
    expect(line).toMatchObject({ level: "warn", bytes: Buffer.byteLength(bad.bytes) });
    expect(String(line["datagram"])).toContain(bad.shown ?? "");
    expect(String(line["datagram"]).length).toBeLessThan(300);
  });
}

test("thousands of them in the middle of a call: counted, one line per kind, and the call is complete", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  using announcer = await Announcer.open(whisper.port);
  const inbound = stage.startInbound({
    callId: ids.good,
    recording: demoCall,
    whisperPort: whisper.port,
  });
  await whisper.program.said("call connected");
  const kinds = Object.values(badDatagrams);
  const rounds = 100;
  for (let round = 0; round < rounds; round += 1) {
    for (const { bytes } of kinds) announcer.send(bytes);
    // A round that nobody reads fills a receive buffer of the usual size.
    await datagrams(whisper, 1 + (round + 1) * kinds.length);
  }
  const random = new SeededRandom(20);
  for (let count = 0; count < 1000; count += 1) {
    announcer.send(random.bytes(count % 200));
    if (count % 50 === 49) await datagrams(whisper, rounds * kinds.length + count + 1);
  }

  expect(await inbound.exited()).toBe(0);
  expect(inbound.texts).toEqual([...demoCall.texts]);
  expect(await llama.hears(ids.good, 3)).toEqual([...demoCall.texts]);
  const { registration } = await whisper.isIdle();
  expect(sum(registration.refused)).toBeGreaterThanOrEqual(rounds * kinds.length + 900);
  const warnings = whisper.program.records.filter(({ level }) => level === "warn");
  expect(warnings.length).toBe(new Set(kinds.map(({ reason }) => reason)).size);
  for (const reason of ["empty", "oversized", "not-utf8", "unknown-verb", "bad-call-id"]) {
    expect(whisper.program.count(`datagram refused: ${reason}`)).toBe(1);
  }
});

test("white space around a good datagram does not matter", async () => {
  await using stage = new Stage();
  const whisper = await stage.startWhisper({ llamaPort: 1 });
  using announcer = await Announcer.open(whisper.port);
  announcer.send(` \tREGISTER:${ids.trimmed}\r\n`);
  const { registration, totals } = await datagrams(whisper, 1);
  expect(registration.registers).toBe(1);
  expect(totals.started).toBe(1);
  expect(sum(registration.refused)).toBe(0);
});

function datagrams(whisper: Whisper, atLeast: number) {
  return whisper.reaches(
    `${atLeast} datagrams`,
    ({ registration }) => registration.datagrams >= atLeast,
  );
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

import { describe, expect, test } from "bun:test";
import {
  AudioSocketDecoder,
  type AudioSocketSink,
  encodeAudioSocketAudio,
  encodeAudioSocketDigit,
  encodeAudioSocketUuid,
  encodeFrame,
  terminateFrame,
} from "../../src/wire/audiosocket.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { type FrameRecord, joinBytes } from "./frame-recorders.ts";

function record(): AudioSocketSink & { readonly records: FrameRecord[] } {
  const records: FrameRecord[] = [];
  return {
    records,
    uuid: (uuid) => records.push(["uuid", uuid]),
    audio: (sound, rateHz) => records.push(["audio", [...sound], rateHz]),
    digit: (digit) => records.push(["digit", digit]),
    terminate: () => records.push(["terminate"]),
    error: (code) => records.push(["error", code]),
    unknown: (kind) => records.push(["unknown", kind]),
    violation: (reason) => records.push(["violation", reason]),
  };
}

function decode(...pieces: readonly Uint8Array[]): FrameRecord[] {
  const decoder = new AudioSocketDecoder();
  const recorder = record();
  for (const piece of pieces) decoder.push(piece, recorder);
  return recorder.records;
}

function pcm(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Int16Array.from(values).buffer);
}

const key = "40325ec2-5efd-4bd3-805f-53576e581d13";
const uuid = encodeAudioSocketUuid(key);
const named: FrameRecord = ["uuid", key];

describe("a connection", () => {
  const whole = joinBytes(
    uuid,
    encodeAudioSocketAudio(pcm(1, -2, 32_767, -32_768), 8000),
    encodeAudioSocketDigit("5"),
    encodeAudioSocketAudio(pcm(7), 16_000),
    encodeFrame(0x02, new Uint8Array(0)),
    encodeFrame(0xff, Uint8Array.of(0x04)),
    terminateFrame,
  );
  const expected: FrameRecord[] = [
    named,
    ["audio", [1, -2, 32_767, -32_768], 8000],
    ["digit", "5"],
    ["audio", [7], 16_000],
    ["unknown", 2],
    ["error", "04"],
    ["terminate"],
  ];

  test("in one piece", () => {
    expect(decode(whole)).toEqual(expected);
  });

  test("byte by byte", () => {
    expect(decode(...Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  test("cut in two at every place", () => {
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(decode(whole.subarray(0, cut), whole.subarray(cut))).toEqual(expected);
    }
  });

  test("nothing counts behind the terminate frame", () => {
    expect(decode(joinBytes(uuid, terminateFrame, encodeAudioSocketDigit("1")), whole)).toEqual([
      named,
      ["terminate"],
    ]);
  });

  test("a frame of the largest size passes", () => {
    const samples = Int16Array.from({ length: 32_767 }, (_, index) => index);
    const frame = encodeAudioSocketAudio(new Uint8Array(samples.buffer), 48_000);
    expect(decode(uuid, frame)[1]).toEqual(["audio", [...samples], 48_000]);
  });

  test("an audio frame without samples says nothing", () => {
    expect(decode(uuid, encodeFrame(0x10, new Uint8Array(0)))).toEqual([named]);
  });
});

test.each([
  [0x10, 8000],
  [0x11, 12_000],
  [0x12, 16_000],
  [0x13, 24_000],
  [0x14, 32_000],
  [0x15, 44_100],
  [0x16, 48_000],
  [0x17, 96_000],
  [0x18, 192_000],
])("kind %i is audio of %i Hz, in both directions", (kind, rateHz) => {
  const frame = encodeAudioSocketAudio(pcm(258), rateHz);
  expect([...frame]).toEqual([kind, 0, 2, 2, 1]);
  expect(decode(uuid, frame)[1]).toEqual(["audio", [258], rateHz]);
});

test.each("0123456789*#ABCD".split(""))("digit %s", (digit) => {
  expect(decode(uuid, encodeAudioSocketDigit(digit))[1]).toEqual(["digit", digit]);
});

test("a digit may come in lower case", () => {
  expect(decode(uuid, encodeAudioSocketDigit("d"))[1]).toEqual(["digit", "D"]);
});

describe("violations quote what is wrong, without waiting for the payload", () => {
  test.each([
    ["audio first", Uint8Array.of(0x10, 1, 0x40), "the first frame is of kind 0x10"],
    ["a web browser", new TextEncoder().encode("GET"), "the first frame is of kind 0x47"],
    ["a short UUID", Uint8Array.of(1, 0, 15), "UUID of 15 bytes is not 16 bytes"],
    ["a long UUID", Uint8Array.of(1, 0xff, 0xff), "UUID of 65535 bytes is not 16 bytes"],
    ["a second UUID", joinBytes(uuid, uuid.subarray(0, 3)), "a second UUID"],
    ["no digit", joinBytes(uuid, Uint8Array.of(3, 0, 0)), "DTMF frame of 0 bytes is not 1 byte"],
    ["two digits", joinBytes(uuid, Uint8Array.of(3, 0, 2)), "DTMF frame of 2 bytes is not 1 byte"],
    ["half a sample", joinBytes(uuid, Uint8Array.of(0x10, 1, 0x41)), "audio frame of 321 bytes"],
    ["a digit E", joinBytes(uuid, encodeAudioSocketDigit("E")), "DTMF byte 0x45 is no digit"],
  ])("%s", (_what, bytes, reason) => {
    const records = decode(bytes, terminateFrame);
    const last = records.at(-1);
    expect(last?.[0]).toBe("violation");
    expect(String(last?.[1])).toStartWith(reason);
    expect(records.length).toBeLessThan(3);
  });
});

test("a frame that was announced and never comes takes no memory", () => {
  const announced = joinBytes(uuid, Uint8Array.of(0x18, 0xff, 0xfe), new Uint8Array(100));
  const decoders: AudioSocketDecoder[] = [];
  Bun.gc(true);
  const before = process.memoryUsage().external;
  for (let count = 0; count < 200; count += 1) {
    const decoder = new AudioSocketDecoder();
    decoder.push(announced, record());
    decoders.push(decoder);
  }
  Bun.gc(true);
  const grown = process.memoryUsage().external - before;
  expect(decoders).toHaveLength(200);
  expect(grown).toBeLessThan(200 * 8192);
});

test("damaged connections give the same values however they are cut, never an exception", () => {
  const random = new SeededRandom(11);
  const whole = joinBytes(
    uuid,
    encodeAudioSocketAudio(pcm(1, 2, 3), 8000),
    encodeAudioSocketDigit("#"),
    terminateFrame,
  );
  for (let round = 0; round < 3000; round += 1) {
    const bytes = random.mutate(whole);
    expect(decode(...random.split(bytes, 9))).toEqual(decode(bytes));
  }
});

describe("the encoder", () => {
  test("writes into given memory", () => {
    const memory = new Uint8Array(100);
    const frame = encodeAudioSocketAudio(pcm(1, 2), 8000, memory);
    expect(frame.buffer).toBe(memory.buffer);
    expect([...frame]).toEqual([0x10, 0, 4, 1, 0, 2, 0]);
  });

  test("refuses what no peer could read", () => {
    expect(() => encodeAudioSocketAudio(pcm(1), 11_025)).toThrow(RangeError);
    expect(() => encodeAudioSocketAudio(new Uint8Array(3), 8000)).toThrow(RangeError);
    expect(() => encodeAudioSocketAudio(new Uint8Array(65_536), 8000)).toThrow(RangeError);
    expect(() => encodeAudioSocketUuid("40325ec2")).toThrow(RangeError);
  });
});

import { describe, expect, test } from "bun:test";
import {
  AudioFrameDecoder,
  encodeAudioChunk,
  encodeHello,
  endMarker,
} from "../../src/wire/audio-frames.ts";
import {
  bitsOf,
  joinBytes,
  lengthBytes,
  recordAudio,
  type FrameRecord,
} from "./frame-recorders.ts";
import { testAllCuts } from "./all-cuts.ts";

function decode(...pieces: readonly Uint8Array[]): FrameRecord[] {
  const decoder = new AudioFrameDecoder();
  const recorder = recordAudio();
  for (const piece of pieces) decoder.push(piece, recorder);
  return recorder.records;
}

function ramp(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => index / count - 0.5);
}

const hello = encodeHello("111");
const helloRecord: FrameRecord = ["hello", "111"];

describe("a stream", () => {
  const first = ramp(320);
  const second = ramp(7);
  const whole = joinBytes(hello, encodeAudioChunk(first), encodeAudioChunk(second), endMarker);
  const expected: FrameRecord[] = [
    helloRecord,
    ["declared", 320],
    ["samples", bitsOf(first)],
    ["declared", 7],
    ["samples", bitsOf(second)],
    ["end", "all-ones"],
  ];

  testAllCuts(decode, whole, expected);

  test("ends with a zero length too, and nothing after the end counts", () => {
    const zero = lengthBytes(0);
    const records = decode(joinBytes(hello, zero, encodeAudioChunk(first)), whole);
    expect(records).toEqual([helloRecord, ["end", "zero"]]);
  });

  test("floats arrive as they were sent, NaN and infinities too", () => {
    const odd = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-40, 7);
    expect(decode(joinBytes(hello, encodeAudioChunk(odd)))[2]).toEqual(["samples", bitsOf(odd)]);
  });

  test("the largest chunk and the longest HELLO pass", () => {
    const longest = "7".repeat(1_000);
    const largest = ramp(500_000);
    const records = decode(joinBytes(encodeHello(longest), encodeAudioChunk(largest)));
    expect(records[0]).toEqual(["hello", longest]);
    expect(records[1]).toEqual(["declared", 500_000]);
    expect(records[2]).toEqual(["samples", bitsOf(largest)]);
  });

  test("the number of samples is known before they come", () => {
    const decoder = new AudioFrameDecoder();
    const recorder = recordAudio();
    decoder.push(joinBytes(hello, encodeAudioChunk(first).subarray(0, 4)), recorder);
    expect(recorder.records).toEqual([helloRecord, ["declared", 320]]);
  });
});

describe("violations quote the number and end the stream", () => {
  test.each([
    [0, "HELLO length 0 is not 1..1000"],
    [1_001, "HELLO length 1001 is not 1..1000"],
    [0x52454749, "HELLO length 1380271945 is not 1..1000"],
    [0xffffffff, "HELLO length 0xffffffff is not 1..1000"],
  ])("HELLO of %i bytes", (length, reason) => {
    expect(decode(joinBytes(lengthBytes(length), hello))).toEqual([["violation", reason]]);
  });

  test.each([
    [1, "chunk length 1 is not a multiple of 4 bytes"],
    [3, "chunk length 3 is not a multiple of 4 bytes"],
    [1_999_999, "chunk length 1999999 is not a multiple of 4 bytes"],
    [2_000_004, "chunk length 2000004 is more than 2000000 bytes"],
    [0x7fffffff, "chunk length 2147483647 is more than 2000000 bytes"],
    [0xfffffffe, "chunk length 0xfffffffe is more than 2000000 bytes"],
  ])("chunk of %i bytes", (length, reason) => {
    const decoder = new AudioFrameDecoder();
    const recorder = recordAudio();
    decoder.push(joinBytes(hello, lengthBytes(length), hello, endMarker), recorder);
    expect(recorder.records).toEqual([helloRecord, ["violation", reason]]);
    expect(decoder.done).toBe(true);
  });
});

test("a connection that breaks inside a chunk still gives the whole samples that came", () => {
  const decoder = new AudioFrameDecoder();
  const recorder = recordAudio();
  const samples = ramp(100);
  decoder.push(joinBytes(hello, encodeAudioChunk(samples).subarray(0, 4 + 4 * 60 + 3)), recorder);
  decoder.abandon(recorder);
  decoder.abandon(recorder);
  expect(recorder.records).toEqual([
    helloRecord,
    ["declared", 100],
    ["samples", bitsOf(samples.subarray(0, 60))],
  ]);
  expect(decoder.done).toBe(true);
});

test.each([
  ["between chunks", joinBytes(hello, encodeAudioChunk(ramp(3)))],
  ["within a length", joinBytes(hello, lengthBytes(8).subarray(0, 2))],
  ["within HELLO", hello.subarray(0, 6)],
  ["within a HELLO as long as two samples", encodeHello("1".repeat(9)).subarray(0, 12)],
  ["before the first whole sample", joinBytes(hello, lengthBytes(8), Uint8Array.of(1, 2, 3))],
])("a connection that breaks %s has nothing to add", (_where, bytes) => {
  const decoder = new AudioFrameDecoder();
  const recorder = recordAudio();
  decoder.push(bytes, recorder);
  const before = recorder.records.length;
  decoder.abandon(recorder);
  expect(recorder.records).toHaveLength(before);
});

test("a sink that stops the decoder gets nothing more, not even of the same push", () => {
  const decoder = new AudioFrameDecoder();
  const recorder = recordAudio();
  const sink = {
    ...recorder,
    hello: (text: string): void => {
      recorder.hello(text);
      decoder.stop();
    },
  };
  decoder.push(joinBytes(hello, encodeAudioChunk(ramp(10)), endMarker), sink);
  expect(recorder.records).toEqual([helloRecord]);
});

test("chunks of one size in a row come in the same view", () => {
  const decoder = new AudioFrameDecoder();
  const views = new Set<Float32Array>();
  const sink = {
    ...recordAudio(),
    samples: (samples: Float32Array): unknown => views.add(samples),
  };
  decoder.push(hello, sink);
  for (let count = 0; count < 50; count += 1) decoder.push(encodeAudioChunk(ramp(320)), sink);
  expect(views.size).toBe(1);
});

test("a chunk that was announced and never comes takes no memory", () => {
  const announced = joinBytes(hello, lengthBytes(2_000_000), new Uint8Array(100));
  const decoders: AudioFrameDecoder[] = [];
  Bun.gc(true);
  const before = process.memoryUsage().external;
  for (let count = 0; count < 200; count += 1) {
    const decoder = new AudioFrameDecoder();
    decoder.push(announced, recordAudio());
    decoders.push(decoder);
  }
  Bun.gc(true);
  const grown = process.memoryUsage().external - before;
  expect(decoders).toHaveLength(200);
  expect(grown).toBeLessThan(200 * 16_384);
});

describe("encoders", () => {
  test("HELLO carries its length in big-endian", () => {
    expect([...hello]).toEqual([0, 0, 0, 3, 0x31, 0x31, 0x31]);
  });

  test("a chunk carries its byte length and little-endian floats", () => {
    expect([...encodeAudioChunk(Float32Array.of(1))]).toEqual([0, 0, 0, 4, 0, 0, 0x80, 0x3f]);
  });

  test("a chunk can be written into given memory", () => {
    const memory = new Uint8Array(100);
    const frame = encodeAudioChunk(ramp(3), memory);
    expect(frame.buffer).toBe(memory.buffer);
    expect(frame).toEqual(encodeAudioChunk(ramp(3)));
    expect(() => encodeAudioChunk(ramp(30), memory)).toThrow(RangeError);
  });

  test("what would mean something else is refused", () => {
    expect(() => encodeAudioChunk(new Float32Array(0))).toThrow(RangeError);
    expect(() => encodeAudioChunk(new Float32Array(500_001))).toThrow(RangeError);
    expect(() => encodeHello("")).toThrow(RangeError);
    expect(() => encodeHello("1".repeat(1_001))).toThrow(RangeError);
  });
});

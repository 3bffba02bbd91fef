import { describe, expect, test } from "bun:test";
import {
  encodeReplyChunk,
  isReplyRate,
  ReplyAudioDecoder,
  type ReplyAudioSink,
  replyEndMarker,
} from "../../src/wire/reply-audio.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { bitsOf, type FrameRecord, joinBytes, lengthBytes } from "./frame-recorders.ts";
import { testAllCuts } from "./all-cuts.ts";

interface ReplyRecorder extends ReplyAudioSink {
  readonly records: FrameRecord[];
}

/** Pieces of one chunk are joined, since their borders depend on how the bytes came. */
function recordReply(): ReplyRecorder {
  const records: FrameRecord[] = [];
  const joined = (bits: string): FrameRecord | undefined => {
    const last = records.at(-1);
    return last?.[0] === "samples" ? ["samples", `${String(last[1])}${bits}`] : undefined;
  };
  return {
    records,
    chunk: ({ chunkId, rateHz, sampleCount }) =>
      records.push(["chunk", chunkId, rateHz, sampleCount]),
    samples(samples) {
      const longer = joined(bitsOf(samples));
      if (longer === undefined) records.push(["samples", bitsOf(samples)]);
      else records[records.length - 1] = longer;
    },
    repeated: ({ chunkId }) => records.push(["repeated", chunkId]),
    end: () => records.push(["end"]),
    violation: (reason) => records.push(["violation", reason]),
  };
}

function decode(...pieces: readonly Uint8Array[]): FrameRecord[] {
  const decoder = new ReplyAudioDecoder();
  const recorder = recordReply();
  for (const piece of pieces) decoder.push(piece, recorder);
  return recorder.records;
}

function ramp(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => index / count - 0.5);
}

function chunk(count: number, chunkId: number, rateHz = 24_000): Uint8Array {
  return encodeReplyChunk(ramp(count), { rateHz, chunkId });
}

function header(length: number, rateHz: number): Uint8Array {
  return joinBytes(lengthBytes(length), lengthBytes(rateHz), lengthBytes(1), new Uint8Array(64));
}

describe("a stream", () => {
  const whole = joinBytes(chunk(31, 1), chunk(7, 2, 16_000), replyEndMarker);
  const expected: FrameRecord[] = [
    ["chunk", 1, 24_000, 31],
    ["samples", bitsOf(ramp(31))],
    ["chunk", 2, 16_000, 7],
    ["samples", bitsOf(ramp(7))],
    ["end"],
  ];

  testAllCuts(decode, whole, expected);

  test("floats arrive as they were sent, NaN and infinities too", () => {
    const odd = Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, -0, 1e-40, 7);
    const records = decode(encodeReplyChunk(odd, { rateHz: 24_000, chunkId: 1 }));
    expect(records[1]).toEqual(["samples", bitsOf(odd)]);
  });

  test("the largest chunk passes, in pieces of fixed memory", () => {
    const decoder = new ReplyAudioDecoder();
    let samples = 0;
    let longest = 0;
    const views = new Set<ArrayBufferLike>();
    decoder.push(chunk((10 * 1024 * 1024) / 4, 1), {
      ...recordReply(),
      samples(piece) {
        samples += piece.length;
        longest = Math.max(longest, piece.length);
        views.add(piece.buffer);
      },
    });
    expect(samples).toBe((10 * 1024 * 1024) / 4);
    expect(longest).toBe(4096);
    expect(views.size).toBe(1);
  });

  test("samples are handed on while the rest of their chunk is still to come", () => {
    const bytes = chunk(100, 1);
    const records = decode(bytes.subarray(0, 12 + 4 * 60 + 3));
    expect(records).toEqual([
      ["chunk", 1, 24_000, 100],
      ["samples", bitsOf(ramp(100).subarray(0, 60))],
    ]);
  });
});

describe("chunk ids", () => {
  test("a repeated or lower id is reported and its samples skipped", () => {
    const records = decode(joinBytes(chunk(2, 3), chunk(5, 3), chunk(9, 2), chunk(1, 4)));
    expect(records).toEqual([
      ["chunk", 3, 24_000, 2],
      ["samples", bitsOf(ramp(2))],
      ["repeated", 3],
      ["repeated", 2],
      ["chunk", 4, 24_000, 1],
      ["samples", bitsOf(ramp(1))],
    ]);
  });

  test("ids begin at 1: a chunk 0 comes before any first one", () => {
    expect(decode(chunk(2, 0))).toEqual([["repeated", 0]]);
  });

  test("they begin anew behind the end marker, for the next stream of a connection that stays", () => {
    const records = decode(joinBytes(chunk(1, 8), replyEndMarker, chunk(1, 1)));
    expect(records.map(([kind]) => kind)).toEqual(["chunk", "samples", "end", "chunk", "samples"]);
  });
});

describe("violations quote the number and end the stream", () => {
  test.each([
    [1, 24_000, "chunk length 1 is not a multiple of 4 bytes"],
    [10_485_764, 24_000, "chunk length 10485764 is more than 10485760 bytes"],
    [0x7fffffff, 24_000, "chunk length 2147483647 is more than 10485760 bytes"],
    [0xffffffff, 24_000, "chunk length 0xffffffff is more than 10485760 bytes"],
    [0x48545450, 24_000, "chunk length 1213486160 is more than 10485760 bytes"],
    [8, 0, "sample rate 0 is not 8000 to 192000 Hz in steps of 25"],
    [8, 23_999, "sample rate 23999 is not 8000 to 192000 Hz in steps of 25"],
    [8, 0xffff_ffff, "sample rate 0xffffffff is not 8000 to 192000 Hz in steps of 25"],
  ])("length %i at %i Hz", (length, rateHz, reason) => {
    const bytes = header(length, rateHz);
    expect(decode(bytes, bytes)).toEqual([["violation", reason]]);
    expect(decode(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([
      ["violation", reason],
    ]);
  });

  test("the usual rates pass", () => {
    for (const rateHz of [8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 192_000]) {
      expect(isReplyRate(rateHz)).toBe(true);
    }
  });
});

test("a sink that stops the decoder gets nothing more, not even of the same push", () => {
  const decoder = new ReplyAudioDecoder();
  const recorder = recordReply();
  const sink = {
    ...recorder,
    chunk(): void {
      recorder.records.push(["chunk"]);
      decoder.stop();
    },
  };
  decoder.push(joinBytes(chunk(10, 1), replyEndMarker), sink);
  expect(recorder.records).toEqual([["chunk"]]);
  expect(decoder.done).toBe(true);
});

test("streams that were damaged give the same values however they are cut, never an exception", () => {
  const random = new SeededRandom(7);
  const whole = joinBytes(chunk(9, 1), chunk(3, 2), replyEndMarker, chunk(4, 1));
  for (let round = 0; round < 3000; round += 1) {
    const bytes = random.mutate(whole);
    expect(decode(...random.split(bytes, 20))).toEqual(decode(bytes));
  }
});

describe("the encoder", () => {
  test("carries length, rate and id in big-endian, samples in little-endian", () => {
    const bytes = encodeReplyChunk(Float32Array.of(1), { rateHz: 24_000, chunkId: 258 });
    expect([...bytes]).toEqual([0, 0, 0, 4, 0, 0, 0x5d, 0xc0, 0, 0, 1, 2, 0, 0, 0x80, 0x3f]);
  });

  test("what would mean something else is refused", () => {
    const label = { rateHz: 24_000, chunkId: 1 };
    expect(() => encodeReplyChunk(new Float32Array(0), label)).toThrow(RangeError);
    expect(() => encodeReplyChunk(new Float32Array(2_621_441), label)).toThrow(RangeError);
    expect(() => encodeReplyChunk(ramp(1), { rateHz: 7, chunkId: 1 })).toThrow(RangeError);
  });
});

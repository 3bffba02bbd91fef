import { describe, expect, test } from "bun:test";
import { encodeALaw, encodeMuLaw } from "../../src/audio/g711.ts";
import { decodeWav, describeWav, wavDurationMs } from "../../src/audio/wav.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

interface FormatFields {
  readonly tag?: number;
  readonly channels?: number;
  readonly rateHz?: number;
  readonly frameBytes?: number;
  readonly bits?: number;
  readonly subformat?: number;
}

function chunk(tag: string, body: Uint8Array, declaredBytes = body.length): Uint8Array {
  const bytes = new Uint8Array(8 + body.length + (body.length % 2));
  bytes.set(new TextEncoder().encode(tag));
  new DataView(bytes.buffer).setUint32(4, declaredBytes, true);
  bytes.set(body, 8);
  return bytes;
}

function formatChunk(fields: FormatFields = {}): Uint8Array {
  const { tag = 1, channels = 1, rateHz = 8_000, bits = 16, subformat } = fields;
  const { frameBytes = (channels * bits) / 8 } = fields;
  const body = new Uint8Array(subformat === undefined ? 16 : 40);
  const view = new DataView(body.buffer);
  view.setUint16(0, tag, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, rateHz, true);
  view.setUint32(8, rateHz * frameBytes, true);
  view.setUint16(12, frameBytes, true);
  view.setUint16(14, bits, true);
  if (subformat !== undefined) {
    view.setUint16(16, 22, true);
    view.setUint16(18, bits, true);
    view.setUint16(24, subformat, true);
  }
  return chunk("fmt ", body);
}

function riff(...chunks: readonly Uint8Array[]): Uint8Array {
  const head = new TextEncoder().encode("RIFF\0\0\0\0WAVE");
  return Uint8Array.from([head, ...chunks].flatMap((part) => [...part]));
}

function int16(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Int16Array.from(values).buffer);
}

const half = 16_384;
const data16 = chunk("data", int16(0, half, -half));
const expected16 = [0, 0.5, -0.5];

function samplesOf(file: Uint8Array): number[] {
  return [...decodeWav(file, "x.wav").samples];
}

describe("sample formats", () => {
  test.each([
    ["8-bit PCM", { bits: 8 }, Uint8Array.of(128, 192, 64)],
    ["16-bit PCM", { bits: 16 }, int16(0, half, -half)],
    ["24-bit PCM", { bits: 24 }, Uint8Array.of(0, 0, 0, 0, 0, 0x40, 0, 0, 0xc0)],
    ["24-bit PCM in 32 bits", { bits: 24, frameBytes: 4 }, int16(0, 0, 0, half, 0, -half)],
    ["32-bit PCM", { bits: 32 }, int16(0, 0, 0, half, 0, -half)],
    ["32-bit float", { tag: 3, bits: 32 }, new Uint8Array(Float32Array.of(0, 0.5, -0.5).buffer)],
    ["64-bit float", { tag: 3, bits: 64 }, new Uint8Array(Float64Array.of(0, 0.5, -0.5).buffer)],
    ["extensible 16-bit PCM", { tag: 0xfffe, subformat: 1 }, int16(0, half, -half)],
    [
      "extensible float",
      { tag: 0xfffe, subformat: 3, bits: 32 },
      new Uint8Array(Float32Array.of(0, 0.5, -0.5).buffer),
    ],
    ["a frame size of 0", { frameBytes: 0 }, int16(0, half, -half)],
  ])("%s", (_, fields, body) => {
    expect(samplesOf(riff(formatChunk(fields), chunk("data", body)))).toEqual(expected16);
  });

  test("G.711 of both laws, also when the header claims 16 bits", () => {
    const samples = Float32Array.of(0, 0.5, -0.5, 0.01);
    for (const bits of [8, 16]) {
      for (const [tag, codes] of [
        [7, encodeMuLaw(samples)],
        [6, encodeALaw(samples)],
      ] as const) {
        const decoded = samplesOf(riff(formatChunk({ tag, bits }), chunk("data", codes)));
        expect(decoded).toHaveLength(4);
        for (const [index, sample] of decoded.entries()) {
          expect(sample).toBeCloseTo(samples[index] ?? 0, 1);
        }
      }
    }
  });

  test("channels are averaged", () => {
    const stereo = riff(formatChunk({ channels: 2 }), chunk("data", int16(half, 0, -half, -half)));
    expect(decodeWav(stereo, "x.wav")).toMatchObject({ channels: 2, sampleRateHz: 8_000 });
    expect(samplesOf(stereo)).toEqual([0.25, -0.5]);
  });

  test("floats that are not numbers become silence, loud ones are limited", () => {
    const body = new Uint8Array(Float32Array.of(Number.NaN, 9, -9).buffer);
    expect(samplesOf(riff(formatChunk({ tag: 3, bits: 32 }), chunk("data", body)))).toEqual([
      0, 1, -1,
    ]);
  });
});

describe("broken containers", () => {
  const list = chunk("LIST", new TextEncoder().encode("INFOxyz"));

  test.each([
    ["chunks before the data", riff(formatChunk(), list, chunk("fact", new Uint8Array(4)), data16)],
    ["chunks before the format", riff(list, formatChunk(), data16)],
    ["the data before the format", riff(data16, formatChunk())],
    ["an odd chunk without its padding byte", riff(formatChunk(), list.subarray(0, -1), data16)],
    ["a data length of 0", riff(formatChunk(), chunk("data", int16(0, half, -half), 0))],
    [
      "a data length of all ones",
      riff(formatChunk(), chunk("data", int16(0, half, -half), 0xffffffff)),
    ],
    [
      "a data length beyond the end",
      riff(formatChunk(), chunk("data", int16(0, half, -half), 1_000)),
    ],
    [
      "half a sample at the end",
      riff(formatChunk(), chunk("data", Uint8Array.of(...int16(0, half, -half), 7), 7)),
    ],
    ["more chunks after the data", riff(formatChunk(), data16, list)],
  ])("%s", (_, file) => {
    expect(samplesOf(file)).toEqual(expected16);
  });

  test("RF64 is read like RIFF", () => {
    const file = riff(formatChunk(), chunk("data", int16(0, half, -half), 0xffffffff));
    file.set(new TextEncoder().encode("RF64"));
    expect(samplesOf(file)).toEqual(expected16);
  });

  test("a view into a larger buffer is read from its own start", () => {
    const file = riff(formatChunk(), data16);
    const larger = new Uint8Array(file.length + 13);
    larger.set(file, 13);
    expect(samplesOf(larger.subarray(13))).toEqual(expected16);
  });
});

describe("refusals quote the file and what is wrong, and say how to convert", () => {
  test.each([
    [new Uint8Array(0), '"x.wav" is empty'],
    [new TextEncoder().encode("OggS...."), '"x.wav" is an Ogg file, not a WAV file'],
    [new TextEncoder().encode("ID3....."), '"x.wav" is an MP3 file, not a WAV file'],
    [Uint8Array.of(0xff, 0xfb, 0x90, 0), '"x.wav" is an MP3 file, not a WAV file'],
    [new TextEncoder().encode("....ftypM4A "), '"x.wav" is an MP4 file, not a WAV file'],
    [new TextEncoder().encode("hello"), '"x.wav" is not a WAV file: it starts with "hell"'],
    [new TextEncoder().encode("RIFF"), '"x.wav" is a RIFF file of kind "", not a WAV file'],
    [riff(), '"x.wav" has no format chunk'],
    [riff(data16), '"x.wav" has no format chunk'],
    [riff(formatChunk()), '"x.wav" has no data chunk'],
    [riff(formatChunk(), chunk("data", new Uint8Array(0))), '"x.wav" holds no sound'],
    [riff(chunk("fmt ", new Uint8Array(4)), data16), "format chunk of 4 bytes"],
    [riff(formatChunk({ channels: 0 }), data16), "has 0 channels"],
    [riff(formatChunk({ channels: 9 }), data16), "has 9 channels"],
    [riff(formatChunk({ rateHz: 0 }), data16), "has a sample rate of 0 Hz"],
    [riff(formatChunk({ tag: 0x31 }), data16), "holds GSM 6.10 sound"],
    [riff(formatChunk({ tag: 0x11 }), data16), "holds IMA ADPCM sound"],
    [riff(formatChunk({ tag: 0x4242 }), data16), "holds sound of format 0x4242"],
    [riff(formatChunk({ bits: 48 }), data16), "holds 48-bit PCM sound"],
    [riff(formatChunk({ tag: 3, bits: 16 }), data16), "holds 16-bit float sound"],
  ])("case %#", (file, message) => {
    let thrown: unknown;
    try {
      decodeWav(file, "x.wav");
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(WildfireError);
    const error = thrown instanceof WildfireError ? thrown : undefined;
    expect(error?.code).toBe("audio");
    expect(error?.message).toContain(message);
    expect(error?.hint).toContain("ffmpeg");
    expect(error?.summary).not.toContain("\n");
  });
});

test("what is written can be read: every 16-bit value comes back", () => {
  const samples = Float32Array.from({ length: 65_536 }, (_, index) => index / 32_768 - 1);
  const audio = decodeWav(encodeWav(samples, 16_000), "x.wav");
  expect(audio.samples).toEqual(samples);
  expect(audio).toMatchObject({ sampleRateHz: 16_000, channels: 1 });
});

test("the length is told in seconds", () => {
  const random = new SeededRandom(1);
  const samples = Float32Array.from({ length: 43_018 }, () => random.unit());
  const audio = decodeWav(encodeWav(samples, 16_000), "x.wav");
  expect(wavDurationMs(audio)).toBeCloseTo(2_688.6, 1);
  expect(describeWav(audio)).toBe("2.69 s, 16000 Hz, mono");
  expect(describeWav({ ...audio, channels: 2 })).toBe("2.69 s, 16000 Hz, stereo");
  expect(describeWav({ ...audio, channels: 5 })).toBe("2.69 s, 16000 Hz, 5 channels");
});

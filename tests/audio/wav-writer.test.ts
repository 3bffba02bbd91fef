import { expect, test } from "bun:test";
import { decodeWav } from "../../src/audio/wav.ts";
import {
  encodeLinear16,
  encodeWav,
  encodeWavHeader,
  wavHeaderBytes,
} from "../../src/audio/wav-writer.ts";
import { tone } from "./tones.ts";

test("a file written piece by piece is the file written at once", () => {
  const samples = tone({ hz: 440, rateHz: 16_000, samples: 4001 });
  const pieces = [
    encodeWavHeader(samples.length, 16_000),
    encodeLinear16(samples.subarray(0, 1600)),
    encodeLinear16(samples.subarray(1600)),
  ];
  expect(pieces[0]).toHaveLength(wavHeaderBytes);
  expect(Buffer.concat(pieces)).toEqual(Buffer.from(encodeWav(samples, 16_000)));
});

test("16-bit samples come back exactly as they were written", () => {
  const samples = Float32Array.from([0, 1 / 32_768, -1, 32_767 / 32_768, -0.5, 0.25]);
  const file = Buffer.concat([encodeWavHeader(6, 16_000), encodeLinear16(samples)]);
  expect(decodeWav(file, "x")).toEqual({ sampleRateHz: 16_000, channels: 1, samples });
});

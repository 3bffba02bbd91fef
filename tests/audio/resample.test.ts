import { describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { Resampler } from "../../src/audio/resample.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { amplitudeDb, noise, tone } from "./tones.ts";

const ratios: readonly [fromHz: number, toHz: number][] = [
  [8_000, 16_000],
  [24_000, 16_000],
  [44_100, 16_000],
  [48_000, 16_000],
  [11_025, 16_000],
  [22_050, 16_000],
  [32_000, 16_000],
  [16_000, 8_000],
  [24_000, 8_000],
  [16_000, 16_000],
];

function resampleAtOnce(input: Float32Array, fromHz: number, toHz: number): Float32Array {
  return resampleInBlocks([input], fromHz, toHz);
}

function resampleInBlocks(
  blocks: readonly Float32Array[],
  fromHz: number,
  toHz: number,
): Float32Array {
  const resampler = new Resampler({ fromHz, toHz });
  const output = blocks.map((block) => resampler.process(block).slice());
  output.push(resampler.flush().slice());
  return joinSamples(output);
}

describe.each(ratios)("from %i to %i Hz", (fromHz, toHz) => {
  const lowerNyquist = Math.min(fromHz, toHz) / 2;

  test("a tone in the pass band keeps its level within 0.05 dB", () => {
    for (const share of [0.02, 0.3, 0.6, 0.89]) {
      const hz = lowerNyquist * share;
      const output = resampleAtOnce(tone({ hz, rateHz: fromHz, samples: fromHz }), fromHz, toHz);
      const middle = output.subarray(toHz / 8, (toHz * 7) / 8);
      const change = amplitudeDb(middle, hz, toHz) - 20 * Math.log10(0.5);
      expect(Math.abs(change)).toBeLessThan(0.05);
    }
  });

  test("nothing else than the tone comes out: all images and aliases are 60 dB down", () => {
    for (const share of [0.13, 0.47, 0.88]) {
      const hz = lowerNyquist * share;
      const output = resampleAtOnce(tone({ hz, rateHz: fromHz, samples: fromHz }), fromHz, toHz);
      const middle = output.subarray(toHz / 8, (toHz * 7) / 8);
      // Images of the input spectrum lie at k * fromHz +- hz and fold at the output rate.
      for (const image of foldedImages(hz, fromHz, toHz)) {
        expect(amplitudeDb(middle, image, toHz)).toBeLessThan(-6 - 60);
      }
    }
  });

  test("an impulse comes out at its own time", () => {
    const input = new Float32Array(fromHz / 5);
    const at = fromHz / 25;
    input[at] = 1;
    const output = resampleAtOnce(input, fromHz, toHz);
    const peak = output.indexOf(output.reduce((most, sample) => Math.max(most, sample)));
    expect(peak).toBe((at * toHz) / fromHz);
  });

  test("a constant stays the same constant", () => {
    const output = resampleAtOnce(new Float32Array(fromHz).fill(0.25), fromHz, toHz);
    for (const sample of output.subarray(toHz / 4, (toHz * 3) / 4)) {
      expect(sample).toBeCloseTo(0.25, 7);
    }
  });

  test("n samples give round(n * to / from), and any blocks the same bits", () => {
    const random = new SeededRandom(fromHz);
    for (const length of [0, 1, 2, 3, 7, 160, 441, 1_000, 4_801]) {
      const input = noise(length, -12, length + 1);
      const atOnce = resampleAtOnce(input, fromHz, toHz);
      expect(atOnce.length).toBe(Math.round((length * toHz) / fromHz));
      for (const blockSize of [1, 20, 160]) {
        const blocks: Float32Array[] = [];
        for (let start = 0; start < length; start += blockSize) {
          blocks.push(input.subarray(start, start + blockSize));
        }
        expect(resampleInBlocks(blocks, fromHz, toHz)).toEqual(atOnce);
      }
      const cut = random.between(0, length);
      const halves = [input.subarray(0, cut), new Float32Array(0), input.subarray(cut)];
      expect(resampleInBlocks(halves, fromHz, toHz)).toEqual(atOnce);
    }
  });
});

/** Where images of `hz` appear in the output, except for the tone itself. */
function foldedImages(hz: number, fromHz: number, toHz: number): number[] {
  const images: number[] = [];
  for (let k = 1; k <= 6; k += 1) {
    for (const image of [k * fromHz - hz, k * fromHz + hz]) {
      const folded = Math.abs(image - Math.round(image / toHz) * toHz);
      if (Math.abs(folded - hz) > 20) images.push(folded);
    }
  }
  return images;
}

test.each([
  [24_000, 16_000],
  [44_100, 16_000],
  [48_000, 16_000],
  [16_000, 8_000],
])("what lies above the new Nyquist frequency is gone: %i to %i Hz", (fromHz, toHz) => {
  for (const share of [1.001, 1.05, 1.2, 1.4]) {
    const hz = (toHz / 2) * share;
    const output = resampleAtOnce(tone({ hz, rateHz: fromHz, samples: fromHz }), fromHz, toHz);
    const alias = Math.abs(hz - Math.round(hz / toHz) * toHz);
    const middle = output.subarray(toHz / 8, (toHz * 7) / 8);
    expect(amplitudeDb(middle, alias, toHz)).toBeLessThan(-6 - 60);
  }
});

test("equal rates change nothing", () => {
  const input = noise(1_000, -12);
  expect(resampleAtOnce(input, 16_000, 16_000)).toEqual(input);
});

test("after a flush the resampler starts a new stream", () => {
  const resampler = new Resampler({ fromHz: 8_000, toHz: 16_000 });
  const input = noise(500, -20);
  const first = joinSamples([resampler.process(input).slice(), resampler.flush().slice()]);
  const second = joinSamples([resampler.process(input).slice(), resampler.flush().slice()]);
  expect(second).toEqual(first);
});

test.each([
  [0, 16_000, "a sample rate of 0 Hz cannot be converted"],
  [16_000, 7.5, "a sample rate of 7.5 Hz cannot be converted"],
  [Number.NaN, 16_000, "a sample rate of NaN Hz cannot be converted"],
  [383_999, 16_000, "cannot convert 383999 Hz to 16000 Hz"],
])("rates that make no sense are refused: %p to %p", (fromHz, toHz, message) => {
  expect(() => new Resampler({ fromHz, toHz })).toThrow(new WildfireError("audio", message));
});

import { expect, test } from "bun:test";
import { HalfbandUpsampler } from "../../src/audio/halfband-upsampler.ts";
import { amplitudeDb, noise, tone } from "./tones.ts";

const fromHz = 8000;
const toHz = 16_000;
const blockSamples = 160;

function upsample(input: Float32Array, block = blockSamples): Float32Array {
  const upsampler = new HalfbandUpsampler(block);
  const output = new Float32Array(2 * input.length);
  for (let at = 0; at < input.length; at += block) {
    const count = Math.min(block, input.length - at);
    upsampler.process(input.subarray(at), count, output, 2 * at);
  }
  return output;
}

function levelOf(hz: number, outputHz: number): number {
  const output = upsample(tone({ hz, rateHz: fromHz, samples: fromHz }));
  return amplitudeDb(output.subarray(toHz / 8, (toHz * 7) / 8), outputHz, toHz);
}

const lineHz = [50, 300, 1000, 2000, 3000, 3400, 3600, 3700] as const;

test.each(lineHz)("a tone of %i Hz keeps its level within 0.02 dB", (hz) => {
  expect(Math.abs(levelOf(hz, hz) - 20 * Math.log10(0.5))).toBeLessThan(0.02);
});

test.each(lineHz)("the image of a tone of %i Hz is 60 dB down", (hz) => {
  expect(levelOf(hz, fromHz - hz) - levelOf(hz, hz)).toBeLessThan(-60);
});

test("a constant stays the same constant", () => {
  const output = upsample(new Float32Array(fromHz).fill(0.25));
  for (const sample of output.subarray(200)) expect(sample).toBeCloseTo(0.25, 7);
});

test("every other sample is the input itself, as late as is said", () => {
  const input = Float32Array.from(noise(1000, -12));
  const output = upsample(input);
  const late = HalfbandUpsampler.delaySamples;
  const own = Float32Array.from({ length: 1000 - late }, (_, at) => output[2 * (at + late)] ?? 0);
  expect(own).toEqual(input.slice(0, 1000 - late));
});

test("blocks of any length give the same, and a reset starts anew", () => {
  const input = noise(960, -12);
  expect(upsample(input, 7)).toEqual(upsample(input));
  const upsampler = new HalfbandUpsampler(blockSamples);
  const first = new Float32Array(2 * blockSamples);
  const second = new Float32Array(2 * blockSamples);
  upsampler.process(input, blockSamples, first, 0);
  upsampler.reset();
  upsampler.process(input, blockSamples, second, 0);
  expect(second).toEqual(first);
});

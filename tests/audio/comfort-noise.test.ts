import { describe, expect, test } from "bun:test";
import { ComfortNoise, encodeComfortNoise } from "../../src/audio/comfort-noise.ts";
import { levelDbfs } from "../../src/audio/level.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

const settleSamples = 4000;

function generate(payload: readonly number[], samples = 40_000): Float32Array {
  const random = new SeededRandom(7);
  const noise = new ComfortNoise(() => random.unit());
  noise.describe(Uint8Array.from(payload), payload.length);
  const out = new Float32Array(settleSamples + samples);
  noise.generate(out, out.length);
  return out.subarray(settleSamples);
}

/** How alike neighbours are: 0 for white noise, towards 1 for dull and -1 for shrill noise. */
function neighbourCorrelation(samples: Float32Array): number {
  let product = 0;
  let power = 0;
  for (let at = 1; at < samples.length; at += 1) {
    product += (samples[at] ?? 0) * (samples[at - 1] ?? 0);
    power += (samples[at] ?? 0) ** 2;
  }
  return product / power;
}

describe("the level", () => {
  test.each([30, 45, 60, 78, 100])("-%i dBov is what comes out, within 0.5 dB", (level) => {
    expect(Math.abs(levelDbfs(generate([level])) + level)).toBeLessThan(0.5);
  });

  test.each([
    [[60, 40, 160, 127]],
    [[60, 15, 200, 100, 140, 127, 120, 130, 127, 127, 127]],
    [[60, 240]],
  ])("is kept with the spectrum of %j", (payload) => {
    expect(Math.abs(levelDbfs(generate(payload, 200_000)) + 60)).toBeLessThan(1);
  });

  test("is never louder than -30 dBov, and its top bit is ignored", () => {
    expect(Math.abs(levelDbfs(generate([0])) + 30)).toBeLessThan(0.5);
    expect(generate([60 | 0x80])).toEqual(generate([60]));
  });
});

describe("the spectrum", () => {
  test("is white without coefficients, and with those that are zero", () => {
    expect(Math.abs(neighbourCorrelation(generate([50])))).toBeLessThan(0.02);
    expect(generate([50, 127, 127])).toEqual(generate([50]));
  });

  test("a first reflection coefficient of -0.5 makes it dull, +0.5 shrill", () => {
    const half = Math.round((0.5 * 32_768) / 258);
    expect(neighbourCorrelation(generate([50, 127 - half]))).toBeCloseTo(0.5, 1);
    expect(neighbourCorrelation(generate([50, 127 + half]))).toBeCloseTo(-0.5, 1);
  });

  test("coefficients beyond the twelfth are ignored", () => {
    const twelve = [50, ...Array.from({ length: 12 }, (_, index) => 100 + index)];
    expect(generate([...twelve, 3, 250])).toEqual(generate(twelve));
  });

  test("any payload gives finite noise that is not loud", () => {
    const random = new SeededRandom(5);
    for (let round = 0; round < 300; round += 1) {
      const out = generate([...random.bytes(random.between(1, 40))], 2000);
      expect(out.every((sample) => Math.abs(sample) < 1)).toBe(true);
    }
  });
});

test("the noise glides to a new level, without a step", () => {
  const random = new SeededRandom(7);
  const noise = new ComfortNoise(() => random.unit());
  const out = new Float32Array(160);
  noise.describe(Uint8Array.of(40), 1);
  noise.generate(out, 160);
  expect(levelDbfs(out.subarray(0, 8))).toBeLessThan(-60);
  expect(levelDbfs(out.subarray(120))).toBeLessThan(levelDbfs(out.subarray(40, 80)) + 15);
});

test("without a description, and after a reset, there is silence; an empty one changes nothing", () => {
  const noise = new ComfortNoise(() => 0.9);
  const out = new Float32Array(100).fill(1);
  noise.generate(out, 100);
  expect(out).toEqual(new Float32Array(100));
  noise.describe(Uint8Array.of(40, 60), 2);
  noise.describe(new Uint8Array(0), 0);
  noise.generate(out, 100);
  expect(out[99]).toBeGreaterThan(0.001);
  noise.reset();
  noise.generate(out, 100);
  expect(out).toEqual(new Float32Array(100));
});

test.each([
  [-60, 60],
  [-60.4, 60],
  [0, 0],
  [3, 0],
  [-200, 127],
  [Number.NEGATIVE_INFINITY, 127],
  [Number.NaN, 127],
])("a level of %p dBFS is sent as %i", (level, expected) => {
  const out = new Uint8Array(4);
  expect(encodeComfortNoise(level, out)).toBe(1);
  expect([...out]).toEqual([expected, 0, 0, 0]);
});

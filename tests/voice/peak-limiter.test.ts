/** The limiter: nothing above the ceiling, nothing changed below it, no harsh turns. */
import { describe, expect, test } from "bun:test";
import { ceiling, PeakLimiter } from "../../src/voice/peak-limiter.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

const window = 120;

function limited(
  samples: Float32Array,
  blocks: readonly number[] = [samples.length],
): Float32Array {
  const limiter = new PeakLimiter(window);
  const out = Float32Array.from([...samples, ...new Float32Array(window)]);
  let at = 0;
  for (let index = 0; at < out.length; index += 1) {
    const size = blocks[index % blocks.length] ?? 1;
    limiter.process(out.subarray(at, at + size));
    at += size;
  }
  return out.subarray(window - 1, window - 1 + samples.length);
}

describe("sound", () => {
  test("below the ceiling comes out as it was, a look-ahead later", () => {
    const samples = Float32Array.from({ length: 5000 }, (_, index) => 0.85 * Math.sin(index / 7));
    const out = limited(samples);
    expect(out.every((sample, index) => Math.abs(sample - (samples[index] ?? 9)) < 1e-6)).toBe(
      true,
    );
  });

  test("never passes the ceiling, whatever comes", () => {
    const random = new SeededRandom(7);
    for (const scale of [1, 1.5, 4, 30]) {
      const samples = Float32Array.from({ length: 4000 }, (_, index) =>
        index % 1000 < 300 ? scale * (2 * random.unit() - 1) : 0.1 * (2 * random.unit() - 1),
      );
      const out = limited(samples);
      expect(Math.max(...out.map(Math.abs))).toBeLessThanOrEqual(Math.fround(ceiling));
      expect(Math.max(...out.map(Math.abs))).toBeGreaterThan(0.5);
    }
  });

  test("is turned down before a peak and up after it, in small steps", () => {
    const samples = new Float32Array(3000).fill(0.4);
    samples[1500] = 4;
    const out = limited(samples);
    expect(out[1500]).toBeCloseTo(ceiling, 5);
    expect(out[1300]).toBeCloseTo(0.4, 5);
    expect(out[1700]).toBeCloseTo(0.4, 5);
    for (let index = 1; index < 1499; index += 1) {
      expect(Math.abs((out[index] ?? 0) - (out[index - 1] ?? 0))).toBeLessThan(0.4 / window + 1e-6);
    }
  });

  test("is the same however it is cut", () => {
    const random = new SeededRandom(9);
    const samples = Float32Array.from({ length: 3000 }, () => 3 * (2 * random.unit() - 1));
    expect(limited(samples, [1, 7, 480])).toEqual(limited(samples));
  });

  test("of before a reset is gone", () => {
    const limiter = new PeakLimiter(window);
    limiter.process(new Float32Array(1000).fill(5));
    limiter.reset();
    const out = new Float32Array(500).fill(0.5);
    limiter.process(out);
    expect(out.subarray(0, window - 1).every((sample) => sample === 0)).toBe(true);
    expect(out.subarray(window).every((sample) => Math.abs(sample - 0.5) < 1e-6)).toBe(true);
  });
});

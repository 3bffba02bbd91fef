import { describe, expect, test } from "bun:test";
import { median, percentile } from "../../bench/statistics.ts";

const oneToHundred = Array.from({ length: 100 }, (_, index) => index + 1);

describe("percentile", () => {
  const cases: readonly [readonly number[], number, number][] = [
    [oneToHundred, 0.99, 99],
    [oneToHundred, 0.5, 50],
    [oneToHundred, 1, 100],
    [oneToHundred, 0, 1],
    [[7], 0.99, 7],
    [[3, 1, 2], 0.99, 3],
    [[10, 9, 100], 0.5, 10],
  ];
  for (const [samples, share, expected] of cases) {
    test(`${share} of ${samples.length} samples is ${expected}`, () => {
      expect(percentile(samples, share)).toBe(expected);
    });
  }

  test("one outlier in 300 samples is beyond the 99th percentile, four are not", () => {
    const calm = Array.from({ length: 300 }, () => 1);
    expect(percentile(calm.with(17, 500), 0.99)).toBe(1);
    expect(percentile([...calm.slice(4), 500, 500, 500, 500], 0.99)).toBe(500);
  });

  test("no samples give no number", () => {
    expect(percentile([], 0.99)).toBeNaN();
  });
});

describe("median", () => {
  const cases: readonly [readonly number[], number][] = [
    [[5], 5],
    [[10, 2, 9], 9],
    [[4, 1, 3, 2], 2.5],
    [[1, 1, 1000], 1],
  ];
  for (const [samples, expected] of cases) {
    test(`of ${samples.join(", ")} is ${expected}`, () => {
      expect(median(samples)).toBe(expected);
    });
  }

  test("leaves the samples in their order", () => {
    const samples = [3, 1, 2];
    median(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  test("no samples give no number", () => {
    expect(median([])).toBeNaN();
  });
});

import { expect, test } from "bun:test";
import { meanOpinionScore, ratingFactor } from "../../../src/call/rtp/call-quality.ts";

test("an unimpaired call has the rating of the default values", () => {
  expect(ratingFactor({ lossFraction: 0, oneWayDelayMs: 0 })).toBe(93.2);
  expect(meanOpinionScore({ lossFraction: 0, oneWayDelayMs: 0 })).toBeCloseTo(4.41, 2);
});

test("values worked out by hand", () => {
  // 93.2 - 0.024 * 150 = 89.6
  expect(ratingFactor({ lossFraction: 0, oneWayDelayMs: 150 })).toBeCloseTo(89.6, 9);
  // 93.2 - 7.2 - 0.11 * 122.7 = 72.503
  expect(ratingFactor({ lossFraction: 0, oneWayDelayMs: 300 })).toBeCloseTo(72.503, 9);
  // 95 * 5 / (5 + 25.1) = 15.78
  expect(ratingFactor({ lossFraction: 0.05, oneWayDelayMs: 0 })).toBeCloseTo(77.42, 2);
  expect(meanOpinionScore({ lossFraction: 0.05, oneWayDelayMs: 0 })).toBeCloseTo(3.92, 2);
});

test("the score falls with loss and delay, and never below 1", () => {
  let before = 5;
  for (const lossFraction of [0, 0.01, 0.05, 0.1, 0.3, 1]) {
    const score = meanOpinionScore({ lossFraction, oneWayDelayMs: 50 });
    expect(score).toBeLessThan(before);
    before = score;
  }
  expect(meanOpinionScore({ lossFraction: 1, oneWayDelayMs: 3000 })).toBe(1);
  expect(meanOpinionScore({ lossFraction: 0.99, oneWayDelayMs: 200 })).toBeGreaterThanOrEqual(1);
});

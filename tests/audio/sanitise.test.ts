import { expect, test } from "bun:test";
import { sanitiseSamples } from "../../src/audio/sanitise.ts";

test("what is not finite becomes silence and is counted, what is too loud is limited", () => {
  const samples = Float32Array.of(
    0.5,
    Number.NaN,
    -0.25,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1.5,
    -3e38,
    1,
    -1,
  );
  expect(sanitiseSamples(samples)).toBe(3);
  expect([...samples]).toEqual([0.5, 0, -0.25, 0, 0, 1, -1, 1, -1]);
});

test("good samples stay as they are", () => {
  const samples = Float32Array.from({ length: 100 }, (_, index) => index / 50 - 1);
  const before = samples.slice();
  expect(sanitiseSamples(samples)).toBe(0);
  expect(samples).toEqual(before);
  expect(sanitiseSamples(new Float32Array(0))).toBe(0);
});

/** Repeatable randomness that is spread as it should be. */
import { expect, test } from "bun:test";
import { PseudoRandom } from "../../src/evaluation/pseudo-random.ts";

const rounds = 20_000;

test("a seed always gives the same numbers, and the empty seed gives some too", () => {
  for (const seed of ["", "a", "clean 1 a.wav"]) {
    const first = new PseudoRandom(seed);
    const second = new PseudoRandom(seed);
    const numbers = Array.from({ length: 10 }, () => first.unit());
    expect(Array.from({ length: 10 }, () => second.unit())).toEqual(numbers);
    expect(new Set(numbers).size).toBe(10);
  }
});

test("units fill 0 to 1 evenly, also the first ones of seeds that are alike", () => {
  const counts = new Uint32Array(10);
  for (let seed = 0; seed < rounds; seed += 1) {
    const unit = new PseudoRandom(`seed ${seed}`).unit();
    counts[Math.floor(unit * 10)] = (counts[Math.floor(unit * 10)] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - rounds / 10)).toBeLessThan(rounds / 50);
});

test("gaussians have mean 0, deviation 1 and are always finite", () => {
  const random = new PseudoRandom("gauss");
  const values = Array.from({ length: rounds }, () => random.gaussian());
  const mean = values.reduce((sum, value) => sum + value, 0) / rounds;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rounds;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  expect(values.every(Number.isFinite)).toBe(true);
});

/** Substitutions, deletions and insertions between what was said and what was heard. */
import { describe, expect, test } from "bun:test";
import { splitWords } from "../../src/evaluation/unicode-pattern.ts";
import { countWordErrors } from "../../src/evaluation/word-errors.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

function count(reference: string, hypothesis: string): [number, number, number] {
  const errors = countWordErrors(splitWords(reference), splitWords(hypothesis));
  return [errors.substitutions, errors.deletions, errors.insertions];
}

describe("errors are the fewest that explain what was heard", () => {
  const cases: readonly (readonly [string, string, readonly [number, number, number]])[] = [
    ["", "", [0, 0, 0]],
    ["a b c", "a b c", [0, 0, 0]],
    ["a b c", "", [0, 3, 0]],
    ["", "a b", [0, 0, 2]],
    ["a b c", "a x c", [1, 0, 0]],
    ["a b c", "a c", [0, 1, 0]],
    ["a c", "a b c", [0, 0, 1]],
    ["a b c d", "b c d e", [0, 1, 1]],
    ["a b", "b a", [2, 0, 0]],
    ["a b c", "x y", [2, 1, 0]],
    ["one two three", "one one two two three three", [0, 0, 3]],
  ];
  for (const [reference, hypothesis, expected] of cases) {
    test(`${JSON.stringify(reference)} heard as ${JSON.stringify(hypothesis)}`, () => {
      expect(count(reference, hypothesis)).toEqual([...expected]);
    });
  }
});

/** The number of errors by the definition, without a table. */
function distance(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length;
  const across = distance(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1);
  return Math.min(across, distance(a.slice(1), b) + 1, distance(a, b.slice(1)) + 1);
}

test("the sum is the edit distance, and insertions minus deletions the difference in length", () => {
  const random = new SeededRandom(11);
  const text = (): string[] =>
    Array.from({ length: random.between(0, 6) }, () => random.pick(["a", "b", "c"]));
  for (let round = 0; round < 300; round += 1) {
    const reference = text();
    const hypothesis = text();
    const errors = countWordErrors(reference, hypothesis);
    const { substitutions, deletions, insertions } = errors;
    expect(substitutions + deletions + insertions).toBe(distance(reference, hypothesis));
    expect(insertions - deletions).toBe(hypothesis.length - reference.length);
    expect(Math.min(substitutions, deletions, insertions)).toBeGreaterThanOrEqual(0);
  }
});

import { describe, expect, test } from "bun:test";
import {
  gapsBetween,
  intersectSpans,
  mergeSpans,
  type Span,
  totalLength,
} from "../../bench/spans.ts";

function spans(...pairs: readonly (readonly [number, number])[]): Span[] {
  return pairs.map(([start, end]) => ({ start, end }));
}

describe("merging", () => {
  const cases: readonly [string, Span[], Span[]][] = [
    ["nothing", [], []],
    ["spans apart stay", spans([1, 2], [4, 5]), spans([1, 2], [4, 5])],
    ["spans that touch become one", spans([1, 2], [2, 5]), spans([1, 5])],
    ["spans that overlap become one", spans([1, 4], [2, 5]), spans([1, 5])],
    ["a span within another adds nothing", spans([1, 9], [2, 5], [9, 10]), spans([1, 10])],
    ["the order does not matter", spans([4, 5], [1, 2]), spans([1, 2], [4, 5])],
    ["empty ones are left out", spans([3, 3], [1, 2]), spans([1, 2])],
  ];
  test.each(cases)("%s", (_name, given, expected) => {
    expect(mergeSpans(given)).toEqual(expected);
  });
});

test("what is in both is what one of them covers of the other", () => {
  const a = spans([0, 10], [20, 30]);
  expect(intersectSpans(a, spans([5, 25]))).toEqual(spans([5, 10], [20, 25]));
  expect(intersectSpans(a, spans([10, 20]))).toEqual([]);
  expect(intersectSpans(a, [])).toEqual([]);
});

test("gaps and spans together are the whole", () => {
  const whole = { start: 0, end: 30 };
  expect(gapsBetween(spans([0, 10], [20, 25]), whole)).toEqual(spans([10, 20], [25, 30]));
  expect(gapsBetween([], whole)).toEqual([whole]);
  expect(gapsBetween([whole], whole)).toEqual([]);
  expect(totalLength(spans([0, 10], [20, 25]))).toBe(15);
});

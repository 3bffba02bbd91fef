import { describe, expect, test } from "bun:test";
import { LongHolds, longHoldMs, parseStolenMs } from "../../scripts/stolen-time.ts";

const statistics = `cpu  100 20 30 800 5 0 5 40 9 9
cpu0 50 10 15 400 2 0 3 20 4 4
cpu1 50 10 15 400 3 0 2 21 5 5
intr 5
`;

describe("stolen time", () => {
  test("is the eighth number of each processor, in hundredths of a second", () => {
    expect(parseStolenMs(statistics)).toEqual([200, 210]);
  });

  test.each(["", "cpu0 1 2 3", "cpu0 a b", "nothing\n"])("is unknown from %p", (text) => {
    expect(parseStolenMs(text)).toEqual([]);
  });

  test("is a long hold when one processor lost it in one sample", () => {
    const holds = new LongHolds();
    for (const stolenMs of [
      [5000, 900],
      [5030, 930],
      [5060, 960],
    ]) {
      holds.add(stolenMs);
    }
    expect([holds.count, holds.longestMs]).toEqual([0, 30]);
    holds.add([5060, 960 + longHoldMs]);
    expect([holds.count, holds.longestMs]).toEqual([1, longHoldMs]);
  });

  test("a processor that joins was not held back, and one that leaves is forgotten", () => {
    const holds = new LongHolds();
    for (const stolenMs of [[100], [100, 70_000], [], [90_000]]) holds.add(stolenMs);
    expect(holds.count).toBe(0);
  });
});

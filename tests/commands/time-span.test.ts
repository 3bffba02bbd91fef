import { expect, test } from "bun:test";
import { formatSpan, formatTime } from "../../src/commands/time-span.ts";

const times: readonly (readonly [number, string])[] = [
  [0, "0:00.00"],
  [1250, "0:01.25"],
  [59_994, "0:59.99"],
  [59_996, "1:00.00"],
  [3_599_990, "59:59.99"],
  [3_723_400, "1:02:03.40"],
  [360_000_000, "100:00:00.00"],
];

for (const [ms, text] of times) {
  test(`${ms} ms are ${text}`, () => expect(formatTime(ms)).toBe(text));
}

test("a span has both ends", () => expect(formatSpan(1250, 3900)).toBe("0:01.25-0:03.90"));

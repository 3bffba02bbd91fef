import { describe, expect, test } from "bun:test";
import { parseProcessorTime, WorstTheft } from "../../scripts/stolen-time.ts";

const statistics = `cpu  100 20 30 800 5 0 5 40 9 9
cpu0 50 10 15 400 2 0 3 20 4 4
intr 5
`;

describe("stolen time", () => {
  test("is the eighth number of all processors, and guests are not counted twice", () => {
    expect(parseProcessorTime(statistics)).toEqual({ all: 1000, stolen: 40 });
  });

  test.each(["", "cpu 1 2 3", "cpu  a b", "nothing\n"])("is unknown from %p", (text) => {
    expect(parseProcessorTime(text)).toBeUndefined();
  });

  test("is judged by the worst ten seconds, and not by a moment", () => {
    const worst = new WorstTheft();
    let stolen = 0;
    const pass = (samples: number, each: number): void => {
      for (let count = 0; count < samples; count += 1) {
        stolen += each;
        worst.add({ all: (all += 400), stolen });
      }
    };
    let all = 0;
    pass(5, 0);
    expect(worst.share).toBe(0);
    pass(1, 40);
    expect(worst.share).toBeCloseTo(0.02);
    pass(4, 40);
    expect(worst.share).toBeCloseTo(0.1);
    pass(50, 0);
    expect(worst.share).toBeCloseTo(0.1);
  });
});

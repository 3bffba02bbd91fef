/** How far a run is: one changing line on a terminal, a line every ten seconds elsewhere. */
import { describe, expect, test } from "bun:test";
import { describeProgress, Progress } from "../../src/evaluation/progress.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

function show(isTerminal: boolean): { clock: FakeClock; written: string[]; progress: Progress } {
  const clock = new FakeClock();
  const written: string[] = [];
  const progress = new Progress(clock, { isTerminal, write: (text) => written.push(text) });
  return { clock, written, progress };
}

describe("the line", () => {
  test("says what is done, the time gone and the time left", () => {
    expect(describeProgress({ done: 120, total: 480, elapsedMs: 40_000 })).toBe(
      "120 of 480 decoded (25 %), 0:40 gone, about 2:00 left",
    );
    expect(describeProgress({ done: 1, total: 100, elapsedMs: 75_000 })).toBe(
      "1 of 100 decoded (1 %), 1:15 gone, about 2:03:45 left",
    );
  });

  test("guesses no time before something is done, and none is left at the end", () => {
    expect(describeProgress({ done: 0, total: 9, elapsedMs: 500 })).toBe(
      "0 of 9 decoded (0 %), 0:01 gone",
    );
    expect(describeProgress({ done: 9, total: 9, elapsedMs: 61_000 })).toEndWith("about 0:00 left");
  });
});

test("without a terminal a short run says nothing, and a long one a line every ten seconds", () => {
  const { clock, written, progress } = show(false);
  for (let done = 1; done <= 300; done += 1) {
    clock.advance(100);
    progress.update(done, 300);
  }
  progress.clear();
  expect(written.map((line) => line.split(" ")[0])).toEqual(["100", "200", "300"]);
  expect(written.every((line) => line.endsWith("left\n"))).toBe(true);
});

describe("on a terminal", () => {
  test("one line is written over, not more than ten times a second, and taken off at the end", () => {
    const { clock, written, progress } = show(true);
    for (let done = 1; done <= 100; done += 1) {
      clock.advance(10);
      progress.update(done, 100);
    }
    progress.clear();
    progress.clear();
    expect(written).toHaveLength(11);
    expect(written.every((text) => text.startsWith("\r\u001B[K") && !text.includes("\n"))).toBe(
      true,
    );
    expect(written.at(-1)).toBe("\r\u001B[K");
  });

  test("what is said stands above the line, which stays", () => {
    const { clock, written, progress } = show(true);
    progress.say("first");
    clock.advance(1000);
    progress.update(1, 2);
    const line = written.at(-1) ?? "";
    progress.say("second");
    expect(written[0]).toBe("first\n");
    expect(written.at(-1)).toBe(`\r\u001B[Ksecond\n${line.slice("\r\u001B[K".length)}`);
  });
});

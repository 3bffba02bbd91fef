/** When the line plays which sample, by what was handed on when and by what outbound tells. */
import { describe, expect, test } from "bun:test";
import { LinePace } from "../../src/voice/line-pace.ts";

/** A sample is a millisecond. */
const rateHz = 1000;
const delayMs = 60;
/** From sound that the line waits for until it is played. */
const resumeMs = 10;

function handedOn(...pieces: readonly (readonly [atMs: number, samples: number])[]): LinePace {
  const pace = new LinePace(rateHz);
  for (const [atMs, samples] of pieces) pace.handOn(samples, atMs);
  return pace;
}

describe("a line that nobody has told of", () => {
  test("begins the usual time behind the first sound", () => {
    const pace = handedOn([100, 500]);
    expect(pace.beginsAtMs(0, delayMs)).toBe(160);
    expect(pace.endsAtMs(500, delayMs)).toBe(660);
    expect(pace.samplesAt(159, delayMs)).toBe(0);
    expect(pace.samplesAt(360, delayMs)).toBe(200);
  });

  test("plays nothing before there is sound, and no more than was handed on", () => {
    expect(handedOn().samplesAt(1000, delayMs)).toBe(0);
    expect(handedOn().beginsAtMs(0, delayMs)).toBe(Infinity);
    expect(handedOn([0, 500]).samplesAt(9999, delayMs)).toBe(500);
  });

  test("plays without a gap what comes in time", () => {
    const pace = handedOn([0, 300], [100, 300], [570, 300]);
    expect(pace.endsAtMs(900, delayMs)).toBe(960);
    expect(pace.samplesAt(760, delayMs)).toBe(700);
  });
});

describe("a line that waits for more", () => {
  const pieces = [
    [0, 200],
    [1000, 200],
    [1100, 200],
  ] as const;

  test("stands still, and goes on from there", () => {
    const pace = handedOn(...pieces);
    expect(pace.endsAtMs(200, delayMs)).toBe(260);
    expect(pace.beginsAtMs(200, delayMs)).toBe(1000 + resumeMs);
    expect(pace.samplesAt(1000, delayMs)).toBe(200);
    expect(pace.samplesAt(1110, delayMs)).toBe(300);
    expect(pace.endsAtMs(600, delayMs)).toBe(1410);
  });

  test("has no gap there when it began so late that it still had sound", () => {
    const pace = handedOn(...pieces);
    pace.wasAt(0, 900);
    expect(pace.beginsAtMs(200, delayMs)).toBe(1100);
    expect(pace.endsAtMs(600, delayMs)).toBe(1500);
  });

  test("a thousand times is kept within bounds", () => {
    const pace = new LinePace(rateHz);
    for (let count = 0; count < 5000; count += 1) pace.handOn(20, count * 100);
    expect(pace.samplesAt(1e9, delayMs)).toBe(100_000);
    expect(pace.endsAtMs(100_000, delayMs)).toBe(4999 * 100 + resumeMs + 20);
  });
});

describe("a line that was told of", () => {
  test("is where it was told to be, and before that as long ago", () => {
    const pace = handedOn([0, 500]);
    pace.wasAt(100, 400);
    expect(pace.beginsAtMs(100, delayMs)).toBe(400);
    expect(pace.endsAtMs(50, delayMs)).toBe(350);
    expect(pace.samplesAt(350, delayMs)).toBe(50);
    expect(pace.samplesAt(500, delayMs)).toBe(200);
  });

  test("is not believed to be at the same place once more", () => {
    const pace = handedOn([0, 500]);
    pace.wasAt(0, 100);
    pace.wasAt(0, 300);
    expect(pace.beginsAtMs(0, delayMs)).toBe(100);
    pace.wasAt(200, 1000);
    expect(pace.endsAtMs(500, delayMs)).toBe(1300);
  });

  test("cannot be beyond what was handed on", () => {
    const pace = handedOn([0, 500]);
    pace.wasAt(9000, 100);
    expect(pace.samplesAt(100, delayMs)).toBe(500);
  });
});

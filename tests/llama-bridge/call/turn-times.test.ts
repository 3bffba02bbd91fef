import { expect, test } from "bun:test";
import { TurnTimes } from "../../../src/llama-bridge/call/turn-times.ts";

test("the stages of a turn follow each other, and make its whole time", () => {
  const times = new TurnTimes(2);
  times.heard(1000, { silence: 500, text: 12 });
  times.reached("asked", 1001);
  times.reached("token", 1041);
  times.reached("token", 1060);
  expect(times.isSpoken).toBe(false);
  times.reached("clause", 1061);
  expect(times.isSpoken).toBe(true);
  times.sounded(44, 0);
  times.sounded(99, 9);
  expect(times.stages()).toEqual({
    silenceMs: 500,
    recognitionMs: 12,
    gatherMs: 1,
    firstTokenMs: 40,
    clauseMs: 20,
    voiceMs: 44,
    lineMs: 9,
    totalMs: 626,
  });
});

test("what nobody has told is left open", () => {
  const times = new TurnTimes(1);
  times.heard(10);
  times.reached("asked", 12);
  expect(times.stages()).toMatchObject({ gatherMs: 2, firstTokenMs: undefined, totalMs: 2 });
});

test("a later text of the same turn is the one that is measured from", () => {
  const times = new TurnTimes(1);
  times.heard(10, { silence: 500, text: 1 });
  times.heard(50, { silence: 600, text: 2 });
  times.reached("asked", 51);
  expect(times.stages()).toMatchObject({ silenceMs: 600, recognitionMs: 2, gatherMs: 1 });
});

test("what is told of a text may be read just behind it, and later it is about the next one", () => {
  const times = new TurnTimes(1);
  expect(times.explained(5, { silence: 500, text: 1 })).toBe(false);
  times.heard(10);
  expect(times.explained(70, { silence: 600, text: 2 })).toBe(false);
  expect(times.explained(12, { silence: 500, text: 1 })).toBe(true);
  expect(times.explained(14, { silence: 600, text: 2 })).toBe(false);
  times.reached("asked", 11);
  expect(times.stages()).toMatchObject({ silenceMs: 500, recognitionMs: 1, gatherMs: 1 });
});

import { describe, expect, test } from "bun:test";
import { addScores, emptyScore, type KeptSilence, scoreCall } from "../../bench/detector-score.ts";
import type { LabelledCall } from "../../bench/labelled-calls.ts";
import type { Span } from "../../bench/spans.ts";

const kept: KeptSilence = { beforeMs: 300, afterMs: 100, withinMs: 500 };

function ms(start: number, end: number): Span {
  return { start: start * 16, end: end * 16 };
}

/** Speech at 1..2 s, 2.3..3 s and 4..5 s of six seconds. */
const call: LabelledCall = {
  samples: new Float32Array(6 * 16_000),
  speech: [ms(1000, 2000), ms(2300, 3000), ms(4000, 5000)],
  pauses: [ms(2000, 2300), ms(3000, 4000)],
};

describe("a call is scored by", () => {
  test("speech that is in no utterance", () => {
    expect(scoreCall(call, [], kept)).toMatchObject({ speech: 2700 * 16, missed: 2700 * 16 });
    const late = [ms(1100, 3100), ms(3700, 5100)];
    expect(scoreCall(call, late, kept).missed).toBe(100 * 16);
  });

  test("silence in utterances beyond what they are meant to keep", () => {
    const asMeant = [ms(700, 3100), ms(3700, 5100)];
    expect(scoreCall(call, asMeant, kept)).toMatchObject({ silence: 3300 * 16, falsely: 0 });
    const tooLong = [ms(650, 3100), ms(3700, 5300)];
    expect(scoreCall(call, tooLong, kept).falsely).toBe(250 * 16);
  });

  test("long pauses that end an utterance and short ones that do not", () => {
    expect(scoreCall(call, [ms(700, 3100), ms(3700, 5100)], kept)).toMatchObject({
      longPauses: 1,
      longSplit: 1,
      shortPauses: 1,
      shortKept: 1,
    });
    expect(scoreCall(call, [ms(700, 5100)], kept)).toMatchObject({ longSplit: 0, shortKept: 1 });
    const cut = [ms(700, 2100), ms(2200, 3100), ms(3700, 5100)];
    expect(scoreCall(call, cut, kept)).toMatchObject({ longSplit: 1, shortKept: 0 });
  });

  test("an utterance that was cut for its length, as if it had not been", () => {
    const cutForLength = [ms(700, 2150), ms(2150, 3500), ms(3500, 5100)];
    expect(scoreCall(call, cutForLength, kept)).toEqual(scoreCall(call, [ms(700, 5100)], kept));
  });
});

test("scores of calls add up", () => {
  const one = scoreCall(call, [ms(1100, 5300)], kept);
  expect(addScores(emptyScore, one)).toEqual(one);
  const twice = addScores(one, one);
  for (const [name, value] of Object.entries(one)) {
    expect(new Map(Object.entries(twice)).get(name)).toBe(2 * value);
  }
});

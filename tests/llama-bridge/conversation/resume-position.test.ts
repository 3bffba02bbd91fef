import { describe, expect, test } from "bun:test";
import {
  resumePosition,
  withoutOpenWord,
} from "../../../src/llama-bridge/conversation/resume-position.ts";

const long = `${"word ".repeat(30)}end of it`;

describe("an interrupted text goes on", () => {
  test.each([
    ["from its beginning", "We open at nine in the morning.", 0, "We open at nine in the morning."],
    ["from its beginning", "We open at nine in the morning.", 9, "We open at nine in the morning."],
    ["with the sentence", "Yes. We open at nine o'clock.", 12, "We open at nine o'clock."],
    ["with the clause", "On Monday at nine, on Sunday at ten.", 25, "on Sunday at ten."],
    ["with the line", "Monday\nSunday at ten o'clock", 12, "Sunday at ten o'clock"],
    ["behind an end", "Yes, we do. But not on Sundays.", 11, "But not on Sundays."],
    ["behind a quote", 'He said "no." Then he went on.', 20, "Then he went on."],
    [
      "not within a number",
      "It is 3.50 euros or 1,200 cents each.",
      22,
      "It is 3.50 euros or 1,200 cents each.",
    ],
    ["with the word, far from an end", long, 122, long.slice(120)],
    ["with the next word, between two", long, 125, long.slice(125)],
    [
      "in a script without blanks",
      "はい。月曜日は九時に開店します。",
      7,
      "月曜日は九時に開店します。",
    ],
  ])("%s: %j after %d", (_, text, heard, rest) => {
    expect(text.slice(resumePosition(text, heard))).toBe(rest);
  });

  test.each([
    ["all was heard", "We open at nine.", 16],
    ["only a full stop is left", "We open at nine.", 15],
    ["a word is left", "We open at nine.", 11],
    ["half a word is left", "We open at nine.", 14],
    ["two words are left of five", "We open up at nine.", 11],
    ["more was heard than there is", "We open at nine.", 99],
    ["it has no words", "…", 0],
    ["it is empty", "", 0],
  ])("nowhere when %s", (_, text, heard) => {
    expect(resumePosition(text, heard)).toBe(text.length);
  });

  test.each([
    ["Good-bye.", 0],
    ["At nine.", 3],
    ["We open up at nine.", 9],
  ])("where what is left of %j after %d matters", (text, heard) => {
    expect(resumePosition(text, heard)).toBe(0);
  });

  test("with its last word where that must not be missed", () => {
    expect(resumePosition("We open, at nine", 14, 0)).toBe(9);
    expect(resumePosition("We open, at nine", 16, 0)).toBe(16);
  });

  test("anywhere: at no place it fails, goes on later than heard, or splits a character", () => {
    const text = "Yes 👍🏽, we’re — 日本語 open. e\u0301 \ud83d \n\n 3.5";
    for (const heard of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY])
      resumePosition(text, heard);
    for (let heard = 0; heard <= text.length; heard += 1) {
      const at = resumePosition(text, heard, 0);
      expect(at === text.length || /\S/u.test(text.slice(at))).toBe(true);
      expect(/^[\udc00-\udfff]/.test(text.slice(at))).toBe(false);
    }
  });
});

test.each([
  ["We open at ni", "We open at "],
  ["We open at ", "We open at "],
  ["We open.", "We open."],
  ["We", ""],
  ["", ""],
  ["日本語".repeat(20), "日本語".repeat(20).slice(0, -40)],
])("the open word of %j is left out", (text, whole) => {
  expect(withoutOpenWord(text)).toBe(whole);
});

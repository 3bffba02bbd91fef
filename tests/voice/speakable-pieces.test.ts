/** Any text becomes pieces that an engine can be given. */
import { describe, expect, test } from "bun:test";
import { pauseAfterMs } from "../../src/voice/clause-pause.ts";
import { speakablePieces } from "../../src/voice/speakable-pieces.ts";

describe("a text", () => {
  test.each([
    ["Good morning.", ["Good morning."]],
    ["  two \t words\n\nhere ", ["two words here"]],
    ["bell\u0007 and\u0000null", ["bell and null"]],
    ["<speak>Hello <break time='1s'/>you</speak>", ["Hello you"]],
    ["3 < 5 and 7 > 2", ["3 < 5 and 7 > 2"]],
    ["broken \uFFFD\uFFFD piece", ["broken piece"]],
    ["soft\u00ADhyphen and \u202Eturned", ["softhyphen and turned"]],
    ["...", []],
    [" \u200B ", []],
    ["\u{1F600}", []],
    ["", []],
  ])("%p is spoken as %p", (text, pieces) => {
    expect(speakablePieces(text)).toEqual({ pieces, dropped: 0 });
  });

  test("that is long is cut at its sentences, with nothing lost", () => {
    const text = "This is one sentence of many, and it goes on for a while. ".repeat(30).trim();
    const { pieces } = speakablePieces(text);
    expect(pieces.length).toBeGreaterThan(5);
    for (const piece of pieces) {
      expect(piece.length).toBeLessThanOrEqual(300);
      expect(piece).toEndWith("while.");
    }
    expect(pieces.join(" ")).toBe(text);
  });

  test("without any pause is cut between words, and an endless word anywhere", () => {
    const words = "word ".repeat(200).trim();
    expect(speakablePieces(words).pieces.join(" ")).toBe(words);
    const endless = speakablePieces("\u{20000}".repeat(700)).pieces;
    expect(endless.join("")).toBe("\u{20000}".repeat(700));
    expect(endless.every((piece) => piece.isWellFormed() && piece.length <= 300)).toBe(true);
  });

  test("of a hundred thousand characters is spoken in part, and the rest is told", () => {
    const { pieces, dropped } = speakablePieces("All work and no play. ".repeat(5000));
    expect(pieces.join(" ").length).toBeLessThanOrEqual(15_000);
    expect(dropped).toBe(110_000 - 15_000);
  });

  test.each(["<".repeat(15_000), "</a".repeat(5000), "\u0000".repeat(15_000)])(
    "made to be slow is read at once",
    (text) => {
      expect(speakablePieces(text).pieces.every((piece) => piece.length <= 300)).toBe(true);
    },
  );
});

test.each([
  ["Yes.", 260],
  ["Really?”", 260],
  ["as follows:", 200],
  ["first,", 130],
  ["and then", 60],
  ["", 60],
])("behind %p a speaker pauses for %p ms", (text, pauseMs) => {
  expect(pauseAfterMs(text)).toBe(pauseMs);
});

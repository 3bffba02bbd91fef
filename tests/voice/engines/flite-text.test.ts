/** What reaches flite of a text: printable ASCII in short pieces, and no word lost. */
import { describe, expect, test } from "bun:test";
import { WildfireError } from "../../../src/core/errors.ts";
import {
  maxPieceCharacters,
  maxSpeechCharacters,
  flitePieces,
} from "../../../src/voice/engines/flite-text.ts";
import { SeededRandom } from "../../fuzz/seeded-random.ts";

describe("characters", () => {
  test.each([
    ["plain words stay", "We're open 9-5, e.g. today.", "We're open 9-5, e.g. today."],
    ["control characters part words", "one\u0000two\u0007\tthree\n", "one two three"],
    ["markup goes", "<speak>Hello<break time='10s'/> you</speak>", "Hello you"],
    ["an unknown element goes too", "<?xml version='1.0'?><p>Yes</p><!-- no -->", "Yes"],
    ["comparisons are no markup", "3 < 5 and 6 > 2", "3 < 5 and 6 > 2"],
    ["typographic marks become plain ones", "‘Yes’ – “no”… don’t", "'Yes' - \"no\"... don't"],
    ["accents go", "Grüße aus Málaga, señor Łukasz", "Grusse aus Malaga, senor Lukasz"],
    ["currency signs are words", "5 € or 3 £", "5 euros or 3 pounds"],
    ["ligatures and full-width letters are letters", "ﬁne Ｗｏｒｄ", "fine Word"],
    ["a fraction is one", "½ past", "1/2 past"],
    ["an emoji and a lone surrogate go", "fine \u{1F600} \uD800 then", "fine then"],
    ["what looks like an option is a word", "--help -ssml", "--help -ssml"],
  ])("%s", (_, text, wanted) => {
    expect(flitePieces(text)).toEqual([wanted]);
  });

  test.each(["", " ", "...", "\u0007", "!?", "👍", "<break/>"])("%j has nothing to say", (text) => {
    expect(flitePieces(text)).toEqual([]);
  });

  test.each(["你好", "привет"])("%s is refused: no letter of it can be read", (text) => {
    expect(() => flitePieces(text)).toThrow(WildfireError);
  });

  test("a text of 10,000 characters is taken, one more is refused", () => {
    const text = "word ".repeat(maxSpeechCharacters / 5);
    expect(flitePieces(text).join(" ").length).toBe(maxSpeechCharacters - 1);
    expect(() => flitePieces(`${text}!`)).toThrow("10001 characters");
  });
});

describe("pieces", () => {
  const sentence = "We are open from nine to five, and on Saturdays until noon.";

  test("a text that fits is not cut", () => {
    expect(flitePieces(`${sentence} ${sentence}`)).toEqual([`${sentence} ${sentence}`]);
  });

  test("a longer one is cut behind sentences", () => {
    const pieces = flitePieces(Array.from({ length: 6 }, () => sentence).join(" "));
    expect(pieces).toEqual(Array.from({ length: 3 }, () => `${sentence} ${sentence}`));
  });

  test("titles and initials end no sentence", () => {
    const text = `Please ask for the manager whose name is Dr. J. Smith ${"and nobody else ".repeat(9)}`;
    expect(flitePieces(text)[0]?.length).toBeGreaterThan(150);
  });

  test("without a sentence's end it is cut behind a comma, without one between words", () => {
    const clause = "the long road that goes on and on and on without an end, ";
    expect(flitePieces(clause.repeat(4))[0]).toEndWith("end,");
    expect(flitePieces("over and ".repeat(40))[0]?.length).toBeGreaterThan(150);
  });

  test("whatever the text, pieces are short printable ASCII and keep all that can be read", () => {
    const random = new SeededRandom(7);
    for (let round = 0; round < 500; round += 1) {
      const length = random.between(0, 600);
      const codes = Array.from({ length }, () => random.between(0x20, 0x7e));
      const text = String.fromCharCode(...codes).replaceAll("<", "(");
      const pieces = flitePieces(text);
      expect(pieces.join("").replace(/\W/g, "")).toBe(text.replace(/\W/g, ""));
      for (const piece of pieces) {
        expect(piece).toMatch(/^[\x20-\x7e]+$/);
        expect(piece.length).toBeLessThanOrEqual(maxPieceCharacters);
      }
    }
  });
});

import { describe, expect, test } from "bun:test";
import { AnswerLength } from "../../../src/llama-bridge/conversation/answer-length.ts";

/** What is let through of pieces, and whether the model is to stop. */
function through(maxChars: number, pieces: readonly string[]): [string, boolean] {
  const length = new AnswerLength(maxChars);
  const text = pieces.map((piece) => length.take(piece)).join("") + length.flush();
  return [text, length.isFull];
}

describe("the length of an answer", () => {
  test.each([
    [20, ["We open ", "at nine."], "We open at nine."],
    [16, ["We open ", "at nine."], "We open at nine."],
  ])("of at most %d: %j is let through", (maxChars, pieces, text) => {
    expect(through(maxChars, pieces)).toEqual([text, false]);
  });

  test.each([
    ["a sentence", 30, ["We open at nine. ", "On Sunday at ", "ten."], "We open at nine."],
    ["a sentence", 30, ["Yes. We do. And so on. And so forth."], "Yes. We do. And so on."],
    ["no point of a number", 12, ["It is 3.50 or 4.50 euros"], "It is 3.50 "],
    ["a clause, without one", 30, ["We open at nine, on Sunday at ten"], "We open at nine,"],
    ["a word, without one", 12, ["We open at nineteen"], "We open at "],
    ["any place, without words", 5, ["x".repeat(50)], "xxxxx"],
  ])("is cut at %s", (_, maxChars, pieces, text) => {
    expect(through(maxChars, pieces)).toEqual([text, true]);
  });

  test("is never more than it may be, in whatever pieces it comes", () => {
    const text = "One, two. Three four; five! Six? ".repeat(50);
    for (const size of [1, 2, 7, 100, 5000]) {
      const pieces = text.match(new RegExp(`.{1,${size}}`, "gs")) ?? [];
      const [spoken, isFull] = through(1000, pieces);
      expect(spoken.length).toBeLessThanOrEqual(1000);
      expect(spoken.length).toBeGreaterThan(960);
      expect(text.startsWith(spoken)).toBe(true);
      expect(spoken).toMatch(/[.!?]$/);
      expect(isFull).toBe(true);
    }
  });

  test("far from the bound nothing is held back", () => {
    const length = new AnswerLength(2000);
    expect(length.take("We op")).toBe("We op");
    expect(length.take("en")).toBe("en");
  });

  test("what was held back when the model was stopped is never said", () => {
    const length = new AnswerLength(20);
    expect(length.take("We open at ni")).toBe("");
    length.drop();
    expect(length.take("Yes.")).toBe("Yes.");
    expect(length.flush()).toBe("");
  });
});

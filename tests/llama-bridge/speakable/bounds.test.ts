import { expect, setDefaultTimeout, test } from "bun:test";
import { ClauseCutter } from "../../../src/llama-bridge/speakable/clause-cutter.ts";
import { toSpeakable } from "../../../src/llama-bridge/speakable/speakable.ts";

setDefaultTimeout(60_000);

const limit = 200;

test.each(["a", "1", "x ", "🙂", "。", "(", "**", "](", "\ud83d"])(
  "an answer of endless %j is cut within the limit, and all of it accounted for",
  (token) => {
    const cutter = new ClauseCutter({ language: "en", maxClauseCharacters: limit });
    let at = 0;
    for (let count = 0; count < 50_000; count += 1) {
      for (const { text, start, end } of cutter.push(token)) {
        expect(text.length).toBeLessThanOrEqual(limit);
        expect(start).toBe(at);
        at = end;
      }
    }
    const last = cutter.end().at(-1)?.end ?? at;
    expect(last + cutter.uncovered).toBe(50_000 * token.length);
  },
);

test("100,000 characters without punctuation in one token come out as clauses of whole words", () => {
  const answer = "speaking ".repeat(11_200);
  const cutter = new ClauseCutter({ language: "de", maxClauseCharacters: limit });
  const clauses = [...cutter.push(answer), ...cutter.end()];
  const words = clauses.flatMap(({ text }) => text.split(" "));
  expect(new Set(words)).toEqual(new Set(["speaking"]));
  expect(words.length).toBe(11_200);
});

/** Repetitions that make careless patterns take the square of their length, or worse. */
test.each([
  "*",
  "[",
  "](",
  "<a",
  "<!--",
  "a@a.",
  "www.",
  "1.",
  "0-",
  "| ",
  "> ",
  "&#",
  "a.",
  "+1 ",
])("100,000 characters of %j are made speakable at all", (scrap) => {
  const text = scrap.repeat(Math.ceil(100_000 / scrap.length));
  for (const language of ["en", "de"]) expect(toSpeakable(text, language)).toMatch(/^[^<>*|]*$/);
});

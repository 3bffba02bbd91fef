/** English normalisation, against results of Whisper's own normaliser. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { normaliseEnglish } from "../../src/evaluation/english-normaliser.ts";

/** A sentence of ours, a tab, and what Whisper's EnglishTextNormalizer made of it. */
const golden = readFileSync(join(import.meta.dir, "english.tsv"), "utf8")
  .trimEnd()
  .split("\n");

describe("gives what Whisper's normaliser gives", () => {
  for (const line of golden) {
    const [sentence = "", normalised = ""] = line.split("\t");
    test(sentence, () => expect(normaliseEnglish(sentence)).toBe(normalised));
  }

  test("for most of the sentences the text changes, so that the table shows something", () => {
    const changed = golden.filter((line) => line.split("\t")[0] !== line.split("\t")[1]);
    expect(changed.length).toBeGreaterThan(70);
  });
});

test("spelled and written numbers compare as equal", () => {
  const pairs = [
    ["Six one seven two nine seven nine.", "6172979"],
    ["twenty-first of May", "21st of may"],
    ["Two hundred and fifty pounds", "£250"],
    ["ten percent", "10%"],
    ["The colour isn't grey", "the color is not gray"],
  ] as const;
  for (const [spoken, written] of pairs) {
    expect(normaliseEnglish(spoken)).toBe(normaliseEnglish(written));
  }
});

test("a normalised text without numbers stays as it is", () => {
  const once = normaliseEnglish("I'd like to speak with Michael, please!");
  expect(once).toBe("i would like to speak with michael please");
  expect(normaliseEnglish(once)).toBe(once);
});

test("nothing is left of a text without words", () => {
  for (const text of ["", " \t ", "(laughter)", "[music]", "!?", "♪♪", "Hmm, uh, um."]) {
    expect(normaliseEnglish(text)).toBe("");
  }
});

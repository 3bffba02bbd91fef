/** The outcome as a table and as JSON. */
import { expect, test } from "bun:test";
import type { ConditionOutcome } from "../../src/evaluation/evaluation.ts";
import { formatMisheard, formatTable, jsonReport } from "../../src/evaluation/report.ts";

const plain = { strong: (text: string) => text, faint: (text: string) => text };

function outcome(name: string, errors: number): ConditionOutcome {
  const score = {
    name,
    utterances: 20,
    exact: 19,
    words: 160,
    wer: errors / 160,
    substitutions: errors,
    deletions: 0,
    insertions: 0,
    secondTries: 0,
    audioMs: 1000,
    decodeMs: 100,
  };
  const misheard = errors === 0 ? [] : [{ file: "a\t.wav", reference: "one", hypothesis: "won" }];
  return { score, misheard };
}

const outcomes = [outcome("clean", 0), outcome("noise 5 dB, full context", 11)];

test("the table has a row for each condition, with aligned figures and the rate in percent", () => {
  expect(formatTable(outcomes, plain).split("\n")).toEqual([
    "condition                 utterances  exact  words     WER  sub  del  ins",
    "clean                             20     19    160  0.00 %    0    0    0",
    "noise 5 dB, full context          20     19    160  6.88 %   11    0    0",
  ]);
});

test("marks for a terminal do not disturb the alignment", () => {
  const marked = { strong: (text: string) => `<${text}>`, faint: (text: string) => `{${text}}` };
  const unmarked = formatTable(outcomes, marked).replaceAll(/[<>{}]/g, "");
  expect(unmarked).toBe(formatTable(outcomes, plain));
});

test("misheard utterances stand under their condition; file names cannot break the lines", () => {
  expect(formatMisheard(outcomes, plain).split("\n")).toEqual([
    "noise 5 dB, full context",
    String.raw`  "a\t.wav"`,
    "    said   one",
    "    heard  won",
  ]);
});

test("the object for programs has the rate as a fraction, and errors only when asked for", () => {
  const evaluated = {
    model: "demo",
    language: "en",
    normaliser: "english",
    folder: "calls",
    recordings: 20,
    skipped: [],
    outcomes,
  };
  const report = jsonReport(evaluated, false);
  expect(report.conditions.map(({ name, wer }) => [name, wer])).toEqual([
    ["clean", 0],
    ["noise 5 dB, full context", 11 / 160],
  ]);
  expect(report.conditions.some((condition) => "errors" in condition)).toBe(false);
  expect(report).not.toHaveProperty("outcomes");
  expect(jsonReport(evaluated, true).conditions[1]?.errors).toHaveLength(1);
});

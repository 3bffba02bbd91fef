import { expect, test } from "bun:test";
import { finalText } from "../../src/whisper/transcript.ts";

test.each<[string[], string]>([
  [[" Good morning."], "Good morning."],
  [[" Good morning,", " how are you?"], "Good morning, how are you?"],
  [["  a \n\t b  ", " c "], "a b c"],
  [["[BLANK_AUDIO]"], ""],
  [[" [MUSIC]", " [ Silence ]"], ""],
  [["(silence)"], ""],
  [[" (upbeat music) "], ""],
  [["(Phone ringing)", " Hello?"], "Hello?"],
  [["*coughs* Yes, please. [LAUGHTER]"], "Yes, please."],
  [[" ♪ la la la ♪"], ""],
  [[" ♪ la la", " la ♪ Hello."], "Hello."],
  [[" Hello. ♪♪"], "Hello."],
  [["♪"], ""],
  [["[_BEG_] Yes.<|endoftext|>"], "Yes."],
  [[" ... "], ""],
  [[" - ! "], ""],
  [[], ""],
  [[""], ""],
])("%p is the text %p", (texts, expected) => {
  expect(finalText(texts.map((text) => ({ text })))).toBe(expected);
});

test.each([
  "My number is (555) 123 4567.",
  "I mean Tuesday (not Monday).",
  "Five * three * two.",
  "It is 12.",
  "Straße 7, ça va, да, 你好",
  "An open [ bracket",
])("what was said stays: %p", (text) => {
  expect(finalText([{ text }])).toBe(text);
});

test("a text of nothing but brackets takes no longer than its length deserves", () => {
  const brackets = "[(*♪<|".repeat(50_000);
  expect(finalText([{ text: brackets }])).toBe("");
  expect(finalText([{ text: `${brackets} word` }])).toContain("word");
});

import { describe, expect, test } from "bun:test";
import {
  better,
  findInvention,
  type HeardText,
  isDoubtful,
  weigh,
} from "../../src/whisper/transcript-quality.ts";
import { decodedText, type HeardOptions } from "./heard-texts.ts";

function hear(text: string, options: HeardOptions = {}): HeardText {
  return weigh(decodedText(text, options));
}

const loop = "see you then see you then see you then";

describe("a text that repeats what callers do repeat is no invention", () => {
  test.each([
    ["a digit many times", "nine nine nine nine nine nine"],
    ["a digit many times, with commas", "Nine, nine, nine, nine, nine, nine."],
    ["a pair of digits", "five two five two five two"],
    ["numerals", "0 0 4 4 7 7 0 0 9 0 0 9 0 0"],
    ["a number said twice", "one two three one two three"],
    [
      "a whole telephone number said twice",
      "oh two oh seven nine four six oh two oh seven nine four six",
    ],
    ["agreement", "yes yes yes yes"],
    ["good-byes", "bye bye bye bye bye"],
    ["a phrase said twice", "can you hear me can you hear me"],
    [
      "a long sentence",
      "I would like to book a table for two people on Friday evening at half past seven",
    ],
    ["nothing", ""],
  ])("%s", (_name, text) => {
    const heard = hear(text);
    expect(heard.isRepetitive).toBe(false);
    expect(isDoubtful(heard)).toBe(false);
    expect(findInvention(heard, 0.5)).toBeUndefined();
  });
});

describe("a loop is told", () => {
  test.each([
    ["a phrase three times in a row", loop],
    ["a phrase that is cut off in its fourth round", `${loop} see you`],
    ["whatever the capitals and the punctuation", "See you then. See you then, SEE YOU THEN!"],
    ["behind a sound beginning", `Well, on Friday at five, ${loop}`],
    ["a sentence", "Thanks for watching the video. ".repeat(3)],
    ["a word of two that goes on and on", "thank you ".repeat(6)],
    ["a single word for the length of a line", "you ".repeat(21)],
    [
      "a sentence of 16 words",
      "I do hope that you can all come to the party at our house on ".repeat(3),
    ],
    ["in another script", "спасибо за просмотр ".repeat(3)],
  ])("%s", (_name, text) => {
    const heard = hear(text);
    expect(heard.isRepetitive).toBe(true);
    expect(isDoubtful(heard)).toBe(true);
    expect(findInvention(heard, 0.5)).toBe("repetition");
  });

  test("a text that deflates well is repetitive from 80 characters on", () => {
    const short = "you ".repeat(20).trim();
    const long = "you ".repeat(21).trim();
    expect([short.length, long.length]).toEqual([79, 83]);
    expect(hear(short).compressionRatio).toBeGreaterThan(2.4);
    expect(hear(short).isRepetitive).toBe(false);
    expect(hear(long).isRepetitive).toBe(true);
  });
});

describe("a text is doubtful", () => {
  test.each([
    [-0.5, false],
    [-1, false],
    [-1.001, true],
    [-5, true],
  ])("with a mean log-probability of %p: %p", (averageLogProbability, expected) => {
    expect(isDoubtful(hear("I am here", { averageLogProbability }))).toBe(expected);
  });

  test("never when it is empty, for silence is a good answer", () => {
    for (const text of ["", "[BLANK_AUDIO]", "(music)", "..."]) {
      const heard = hear(text, { averageLogProbability: -5 });
      expect(heard.text).toBe("");
      expect(isDoubtful(heard)).toBe(false);
      expect(findInvention(heard, undefined)).toBeUndefined();
    }
  });
});

describe("an invention", () => {
  test.each([
    [undefined, -5, undefined, undefined],
    [0.6, -1.1, undefined, undefined],
    [0.61, -1, undefined, undefined],
    [0.61, -1.1, undefined, "no-speech"],
    [0.61, -1.1, 0.99, "no-speech"],
    [0.9, -0.1, 0.1, undefined],
    [0.91, -0.1, 0.1, "no-speech"],
    [0.91, -0.1, 0.79, "no-speech"],
    [0.91, -0.1, 0.8, undefined],
    [0.91, -0.1, undefined, "no-speech"],
  ] as const)(
    "no-speech %p, log-probability %p, detector %p: %p",
    (noSpeechProbability, averageLogProbability, speechProbability, expected) => {
      const heard = hear("thank you", { noSpeechProbability, averageLogProbability });
      expect(findInvention(heard, speechProbability)).toBe(expected);
    },
  );

  test.each([
    [0.79, "repetition"],
    [undefined, "repetition"],
    [0.8, undefined],
  ] as const)("a loop where the detector says %p: %p", (speechProbability, expected) => {
    expect(findInvention(hear(loop), speechProbability)).toBe(expected);
  });
});

describe("of two tries", () => {
  const sure = hear("a quiet place", { averageLogProbability: -0.2 });
  const unsure = hear("a quite plays", { averageLogProbability: -1.5 });
  const sureLoop = hear(loop, { averageLogProbability: -0.01 });

  test("the one that does not repeat itself is believed, however sure the other", () => {
    expect(better(sureLoop, unsure)).toBe(unsure);
    expect(better(unsure, sureLoop)).toBe(unsure);
  });

  test("the more probable is believed otherwise, and the first of equals", () => {
    expect(better(unsure, sure)).toBe(sure);
    expect(better(sure, unsure)).toBe(sure);
    expect(better(sure, { ...sure })).toBe(sure);
  });
});

describe("weighing", () => {
  test("the mean log-probability counts segments by their words", () => {
    const [long] = decodedText("a b c", { averageLogProbability: -0.2 }).segments;
    const [short] = decodedText("d", { averageLogProbability: -1 }).segments;
    if (long === undefined || short === undefined) throw new Error("no segments");
    const result = { ...decodedText(""), segments: [long, short] };
    expect(weigh(result).averageLogProbability).toBeCloseTo(-0.4, 6);
  });

  test("without segments everything is nothing", () => {
    const heard = weigh({ ...decodedText(""), segments: [] });
    expect(heard).toMatchObject({
      text: "",
      averageLogProbability: 0,
      compressionRatio: 0,
      isRepetitive: false,
    });
  });

  test("what names a sound is no text", () => {
    expect(hear("[BLANK_AUDIO] hello *coughs* there").text).toBe("hello there");
  });
});

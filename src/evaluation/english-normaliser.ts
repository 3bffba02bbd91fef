/**
 * English text as Whisper's authors compare it: the same results as their EnglishTextNormalizer, so
 * that error rates can be set beside published ones.
 */
import spellings from "nodejs-whisper/cpp/whisper.cpp/tests/librispeech/normalizers/english.json" with { type: "json" };
import { withoutAsides } from "./basic-normaliser.ts";
import { expandContractions } from "./contractions.ts";
import { plainLetters } from "./plain-letters.ts";
import { isHalvable, writeNumbers } from "./spoken-numbers.ts";
import { splitWords, unicodePattern } from "./unicode-pattern.ts";

const americanSpellings: ReadonlyMap<string, string> = new Map(Object.entries(spellings));

const hesitations = unicodePattern(String.raw`\b(?:hmm|mm|mhm|mmm|uh|um)\b`);
const spaceBeforeApostrophe = unicodePattern(String.raw`\s+'`);
const digitGroupComma = /(\d),(\d)/gu;
const sentencePeriod = /\.([^0-9]|$)/gu;
const andAHalf = unicodePattern(String.raw`\band\s+a\s+half\b`);
const letterThenDigit = /(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])/gu;
const spaceBeforeSuffix = unicodePattern(String.raw`(?<=[0-9])\s+(?=(?:st|nd|rd|th|s)\b)`);
const wholeAndCents = unicodePattern(String.raw`([€£$][0-9]+) (?:and )?¢([0-9]{1,2})\b`);
/** Any character may stand behind the zero; Whisper's normaliser has it so. */
const centsOnly = unicodePattern(String.raw`[€£$]0.([0-9]{1,2})\b`);
const figureOne = unicodePattern(String.raw`\b1(s?)\b`);
const markWithoutNumber = /[.$¢€£]([^0-9])/gu;
const percentWithoutNumber = /([^0-9])%/gu;

/** Words separated by single spaces. */
export function normaliseEnglish(text: string): string {
  const lettered = plainLetters(withoutPunctuationOfNumbers(inFullWords(text.toLowerCase())));
  const american = numbersInDigits(lettered).map((word) => americanSpellings.get(word) ?? word);
  const bare = american
    .join(" ")
    .replace(markWithoutNumber, " $1")
    .replace(percentWithoutNumber, "$1 ");
  return splitWords(bare).join(" ");
}

function inFullWords(text: string): string {
  const spoken = withoutAsides(text).replace(hesitations, "").replace(spaceBeforeApostrophe, "'");
  return expandContractions(spoken);
}

/** "1,250." gives "1250 "; points between digits stay. */
function withoutPunctuationOfNumbers(text: string): string {
  return text.replace(digitGroupComma, "$1$2").replace(sentencePeriod, " $1");
}

function numbersInDigits(text: string): string[] {
  const separated = halvesAsDecimals(text)
    .replace(letterThenDigit, " ")
    .replace(spaceBeforeSuffix, "");
  const written = writeNumbers(splitWords(separated)).join(" ");
  return splitWords(
    written
      .replace(
        wholeAndCents,
        (_, whole: string, cents: string) => `${whole}.${cents.padStart(2, "0")}`,
      )
      .replace(centsOnly, (_, cents: string) => `¢${Number(cents)}`)
      .replace(figureOne, "one$1"),
  );
}

/** "two and a half" gives "two point five"; without anything before it, it says nothing. */
function halvesAsDecimals(text: string): string {
  const parts = text.split(andAHalf);
  const ended = parts.slice(0, -1).map((part) => {
    const last = splitWords(part).at(-1);
    if (last === undefined) return "";
    return `${part} ${isHalvable(last) ? "point five" : "and a half"}`;
  });
  return [...ended, parts.at(-1) ?? ""].join(" ");
}

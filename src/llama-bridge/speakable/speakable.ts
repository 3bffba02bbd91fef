/** Text as a model writes it, turned into text as a voice can read it. */
import { baseLanguage } from "./abbreviations.ts";
import { englishRules } from "./english-speech.ts";
import { germanRules } from "./german-speech.ts";
import { dropHarmful, tidy } from "./harmless.ts";
import { type FragmentPlace, withoutMarkdown } from "./markdown.ts";
import { rewrite, type SpokenRule } from "./rewrite.ts";

interface Speech {
  readonly rules: readonly SpokenRule[];
  /** Said in place of a code block. */
  readonly codePhrase: string;
}

const speeches: Readonly<Record<string, Speech>> = {
  en: { rules: englishRules, codePhrase: "I leave out some code here." },
  de: { rules: germanRules, codePhrase: "Hier lasse ich Programmcode aus." },
};
const otherSpeech: Speech = { rules: [], codePhrase: "" };

/**
 * Makes any text speakable: one line without Markdown, tags, emoji and control characters. In English
 * and German, numbers, money, units, dates, times, telephone numbers, addresses, abbreviations and
 * symbols become words; other languages only lose what is harmful. Empty when nothing can be spoken.
 *
 * Known limits: Roman numerals, acronyms, formulas and foreign words stay as they are; a date with
 * slashes is read month first in English; German numbers before a noun are not inflected but for one
 * before a unit, and an ordinal takes its ending from the word in front of it; "1 000" with a plain
 * space is two numbers; four digits from 1900 to 2099 are a year unless a unit follows.
 */
export function toSpeakable(text: string, language: string): string {
  const place: FragmentPlace = { startsLine: true, endsLine: true, isBlock: false };
  return speakFragment(text, baseLanguage(language), place);
}

/** The same for a piece of an answer; `language` is one that `baseLanguage` gave. */
export function speakFragment(text: string, language: string, place: FragmentPlace): string {
  const { rules, codePhrase: phrase } = speeches[language] ?? otherSpeech;
  const plain = withoutMarkdown(dropHarmful(text), place, phrase);
  return tidy(rewrite(plain, rules));
}

export function codePhrase(language: string): string {
  return (speeches[language] ?? otherSpeech).codePhrase;
}

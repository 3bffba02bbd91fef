/** Text as Whisper's authors compare it in languages other than English, and what English shares with it. */
import { splitWords } from "./unicode-pattern.ts";

const bracketed = /[<[][^>\]]*[>\]]/gu;
const parenthesised = /\([^)]+\)/gu;
const symbols = /[\p{M}\p{S}\p{P}]/gu;

/** Marks, symbols and punctuation become spaces; letters keep the diacritics that are part of them. */
export function normaliseBasic(text: string): string {
  const spoken = withoutAsides(text.toLowerCase()).normalize("NFKC");
  return splitWords(spoken.replace(symbols, " ").toLowerCase()).join(" ");
}

/** For writing without spaces between words: each character counts as one. */
export function normaliseCharacters(text: string): string {
  const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  const segments = characters.segment(normaliseBasic(text));
  return splitWords(Array.from(segments, ({ segment }) => segment).join(" ")).join(" ");
}

/** Leaves out what stands in brackets of any kind: names of sounds and remarks, not speech. */
export function withoutAsides(text: string): string {
  return text.replace(bracketed, "").replace(parenthesised, "");
}

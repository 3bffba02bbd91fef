/** Where an answer goes on that was interrupted by nothing; pure. */
import { countWords, lastBreak, wordStart } from "./text-breaks.ts";

/** Further back nobody wants to hear it again. */
const furthestBack = 80;

/**
 * The place from which a text is said again of which `heardChars` were heard: where the sentence or
 * clause begins, or the word where that is far back. The end of the text where hardly anything is
 * left: at most `skippedWords`.
 */
export function resumePosition(text: string, heardChars: number, skippedWords = 2): number {
  const heard = Math.min(Math.max(0, Math.floor(heardChars) || 0), text.length);
  const left = countWords(text.slice(wordStart(text, heard)));
  const isNearlyAll = left <= skippedWords && countWords(text.slice(0, heard)) > left;
  if (left === 0 || isNearlyAll) return text.length;
  const begin = lastBreak(text, heard, "clause") ?? 0;
  const at = heard - begin <= furthestBack ? begin : wordStart(text, heard);
  return at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
}

/** The last word of an answer that was not complete, as it may be the beginning of another word. */
const openWord = /[^\s.!?…;:,。！？；：，、]{1,40}$/u;

/** Without the word that the model was writing when it was stopped. */
export function withoutOpenWord(text: string): string {
  return text.replace(openWord, "");
}

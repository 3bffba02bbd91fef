/** What a caller heard of an answer that they interrupted; pure. */

const ellipsis = "…";

/**
 * The first `characters` of a text, cut behind the last whole word and marked; the whole text where
 * all of it was heard, nothing where no word was.
 */
export function heardPart(text: string, characters: number): string {
  if (characters >= text.trimEnd().length) return text;
  const heard = text.slice(0, Math.max(0, characters));
  const isCutInWord = /\S$/u.test(heard) && /^\S/u.test(text.slice(heard.length));
  const whole = isCutInWord ? withoutLastWord(heard) : heard;
  const kept = whole.trimEnd().replace(/[,;:–—-]+$/u, "");
  return kept === "" ? "" : `${kept}${ellipsis}`;
}

/** Scripts without spaces have no words to cut at: there, what was heard stays but for a character. */
function withoutLastWord(heard: string): string {
  const shortened = heard.replace(/\S+$/u, "");
  const lost = heard.length - shortened.length;
  return lost > longestWord ? heard.slice(0, -1).toWellFormed() : shortened;
}

const longestWord = 40;

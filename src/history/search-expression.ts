/** What a person types, as words to search for, and as an expression of the full-text index. */

/** Words that stand side by side; `isPrefix`: the last of them may be only the beginning of one. */
export interface SearchTerm {
  readonly words: readonly string[];
  readonly isPrefix: boolean;
}

const maxTerms = 16;
const maxCharacters = 500;

/** Every word, and phrases in quotes. The last word stands for all that begin with it. */
export function searchTerms(text: string): readonly SearchTerm[] {
  const terms: SearchTerm[] = [];
  for (const [, phrase, word] of text.slice(0, maxCharacters).matchAll(/"([^"]*)"?|([^\s"]+)/g)) {
    // Anything but letters and digits separates words in the index too.
    const words = (phrase ?? word ?? "").match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
    if (words.length > 0) terms.push({ words, isPrefix: phrase === undefined });
  }
  const last = terms.length - 1;
  return terms
    .map(({ words, isPrefix }, index) => ({ words, isPrefix: isPrefix && index === last }))
    .slice(0, maxTerms);
}

/** Empty when there is no word in it. */
export function searchExpression(text: string): string {
  return searchTerms(text)
    .map(({ words, isPrefix }) => `"${words.join(" ")}"${isPrefix ? "*" : ""}`)
    .join(" ");
}

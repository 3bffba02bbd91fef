/** What a person types, as an expression of the full-text index: every word, and phrases in quotes. */

const maxTerms = 16;
const maxCharacters = 500;

/** Empty when there is no word in it. The last word stands for all that begin with it. */
export function searchExpression(text: string): string {
  const terms: string[] = [];
  for (const [, phrase, word] of text.slice(0, maxCharacters).matchAll(/"([^"]*)"?|([^\s"]+)/g)) {
    const isPhrase = phrase !== undefined;
    // Anything but letters and digits separates words in the index too.
    const words = (phrase ?? word ?? "").match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
    if (words.length === 0) continue;
    terms.push(`"${words.join(" ")}"${isPhrase ? "" : "*"}`);
  }
  const last = terms.length - 1;
  return terms
    .slice(0, maxTerms)
    .map((term, index) => (index === last ? term : term.replace(/\*$/, "")))
    .join(" ");
}

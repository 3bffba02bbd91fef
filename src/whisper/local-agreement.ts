/** Which words of a text that is still growing may be shown: those that two runs agree on. */

export interface PartialText {
  /** Agreed on by two runs in a row; never taken back. */
  readonly committed: string;
  /** The latest run's guess at what follows. */
  readonly tentative: string;
}

/** LocalAgreement-2 over the runs of one utterance. */
export class LocalAgreement {
  readonly #committed: string[] = [];
  #previous: string[] = [];

  add(text: string): PartialText {
    const words = text.split(/\s+/u).filter((word) => word !== "");
    const agreed = commonPrefixLength(this.#previous, words);
    this.#committed.push(...words.slice(this.#committed.length, agreed));
    this.#previous = words;
    return {
      committed: this.#committed.join(" "),
      tentative: words.slice(this.#committed.length).join(" "),
    };
  }
}

/** Punctuation and capitals of the last word change while the sentence grows. */
function commonPrefixLength(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && bare(a[length]) === bare(b[length])) length += 1;
  return length;
}

function bare(word: string | undefined): string {
  return (word ?? "").toLowerCase().replace(/[^\p{L}\p{N}']/gu, "");
}

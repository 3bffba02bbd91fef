/** Adds up what was heard under one condition. */
import { splitWords } from "./unicode-pattern.ts";
import { countWordErrors } from "./word-errors.ts";

export interface Utterance {
  readonly file: string;
  readonly reference: string;
  readonly hypothesis: string;
  readonly audioMs: number;
  /** Of all tries. */
  readonly decodeMs: number;
  readonly tries: number;
}

export interface Misheard {
  readonly file: string;
  /** Both as they were compared. */
  readonly reference: string;
  readonly hypothesis: string;
}

export interface ConditionScore {
  readonly name: string;
  readonly utterances: number;
  /** Utterances without an error. */
  readonly exact: number;
  /** Of the references. */
  readonly words: number;
  /** Errors over words of the references, or over 1 without such words; undefined without utterances. */
  readonly wer: number | undefined;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** Utterances that were decoded again with the full context, because the first text was doubtful. */
  readonly secondTries: number;
  readonly audioMs: number;
  readonly decodeMs: number;
}

export class Score {
  readonly #name: string;
  readonly #normalise: (text: string) => string;
  readonly #misheard: Misheard[] = [];
  readonly #sums = {
    utterances: 0,
    exact: 0,
    words: 0,
    substitutions: 0,
    deletions: 0,
    insertions: 0,
    secondTries: 0,
    audioMs: 0,
    decodeMs: 0,
  };

  constructor(name: string, normalise: (text: string) => string) {
    this.#name = name;
    this.#normalise = normalise;
  }

  /** In the order in which they were heard. */
  get misheard(): readonly Misheard[] {
    return this.#misheard;
  }

  add(utterance: Utterance): void {
    const reference = this.#normalise(utterance.reference);
    const hypothesis = this.#normalise(utterance.hypothesis);
    const words = splitWords(reference);
    const { substitutions, deletions, insertions } = countWordErrors(words, splitWords(hypothesis));
    const isExact = substitutions + deletions + insertions === 0;
    const sums = this.#sums;
    sums.utterances += 1;
    sums.exact += isExact ? 1 : 0;
    sums.words += words.length;
    sums.substitutions += substitutions;
    sums.deletions += deletions;
    sums.insertions += insertions;
    sums.secondTries += utterance.tries > 1 ? 1 : 0;
    sums.audioMs += utterance.audioMs;
    sums.decodeMs += utterance.decodeMs;
    if (!isExact) this.#misheard.push({ file: utterance.file, reference, hypothesis });
  }

  result(): ConditionScore {
    const sums = this.#sums;
    const errors = sums.substitutions + sums.deletions + sums.insertions;
    return {
      name: this.#name,
      utterances: sums.utterances,
      words: sums.words,
      wer: sums.utterances === 0 ? undefined : errors / Math.max(1, sums.words),
      substitutions: sums.substitutions,
      deletions: sums.deletions,
      insertions: sums.insertions,
      exact: sums.exact,
      secondTries: sums.secondTries,
      audioMs: Math.round(sums.audioMs),
      decodeMs: Math.round(sums.decodeMs),
    };
  }
}

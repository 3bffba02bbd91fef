/** Counts for each sentence of a call the finals that came of it. */
import type { Said } from "./talking-call.ts";
import type { Span } from "./spans.ts";

export interface FinalsCount {
  readonly sentences: number;
  /** Sentences without a final, or whose finals say nothing. */
  readonly lost: number;
  /** Sentences with more than one final that says something. */
  readonly doubled: number;
  /** Finals that say something where nobody spoke. */
  readonly invented: number;
  /** Sentences with the right text. */
  readonly exact: number;
}

export const noFinals: FinalsCount = { sentences: 0, lost: 0, doubled: 0, invented: 0, exact: 0 };

export interface HeardFinal {
  readonly text: string;
  readonly span: Span;
}

/** Which final came of which sentence is told by where they are in the call. */
export function countFinals(said: readonly Said[], finals: readonly HeardFinal[]): FinalsCount {
  const texts = finals.filter(({ text }) => text !== "");
  const heard = said.map((sentence) => ({
    sentence,
    finals: texts.filter(({ span }) => overlaps(span, sentence.span)),
  }));
  return {
    sentences: said.length,
    lost: heard.filter((one) => one.finals.length === 0).length,
    doubled: heard.filter((one) => one.finals.length > 1).length,
    invented: texts.filter(({ span }) => !said.some((one) => overlaps(span, one.span))).length,
    exact: heard.filter(({ sentence, finals: [only] }) => isSame(only?.text ?? "", sentence.text))
      .length,
  };
}

function overlaps(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}

export function addFinals(a: FinalsCount, b: FinalsCount): FinalsCount {
  return {
    sentences: a.sentences + b.sentences,
    lost: a.lost + b.lost,
    doubled: a.doubled + b.doubled,
    invented: a.invented + b.invented,
    exact: a.exact + b.exact,
  };
}

function isSame(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

/** Letters and digits alone: how a sentence is punctuated is a matter of taste. */
function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N} ]/gu, "");
}

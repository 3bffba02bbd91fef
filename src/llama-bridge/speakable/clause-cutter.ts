/** An answer that arrives in tokens of any cut goes out as clauses that can be spoken at once. */
import { baseLanguage } from "./abbreviations.ts";
import { ClauseCollector, type Cut } from "./clause-collector.ts";
import { CodeFence, fenceAtStart } from "./code-fence.ts";
import { codePhrase, speakFragment } from "./speakable.ts";
import { splitSpoken } from "./split-spoken.ts";

export interface Clause {
  /** As it is to be spoken: no Markdown, no tags, numbers in words; never empty. */
  readonly text: string;
  /** UTF-16 units of the answer before this clause; what has nothing to speak goes with what follows. */
  readonly start: number;
  /**
   * The end of what the clause covers. Equal to `start` for the further parts of a single word whose
   * spoken form is longer than the limit: the first part covers all of it.
   */
  readonly end: number;
}

export interface ClauseCutterOptions {
  /** ISO 639-1, with or without a region: numbers and abbreviations are read for `en` and `de`. */
  readonly language: string;
  /**
   * From so many words on the first clause ends at a comma or dash, and two words later at a
   * conjunction. Clauses count as the first one until so many words are out.
   */
  readonly firstClauseWords?: number | undefined;
  /** From so many characters on a later clause ends at a comma. */
  readonly longClauseCharacters?: number | undefined;
  /** No clause is longer, neither as it was written nor as it is spoken; at least 40. */
  readonly maxClauseCharacters?: number | undefined;
}

const leastMaxCharacters = 40;
/** With neither comma nor conjunction, the first clause ends between two words here. */
const firstClauseCharacters = 90;
/** Tokens that are longer are looked at in parts, so that memory stays as fixed as the limits. */
const partUnits = 512;

/**
 * Cuts one answer. What comes out depends on the text alone and not on the pieces it came in, as long
 * as `overdue` is not used. Memory does not grow with the answer, and time only in proportion to it.
 */
export class ClauseCutter {
  readonly #language: string;
  readonly #maxCharacters: number;
  readonly #collector: ClauseCollector;
  #fence: CodeFence | undefined;
  /** Where the next clause begins, with what has nothing to speak. */
  #start = 0;
  /** Units that belong to code, which the collector never sees. */
  #inCode = 0;

  constructor(options: ClauseCutterOptions) {
    const { language, firstClauseWords = 5, longClauseCharacters = 100 } = options;
    this.#language = baseLanguage(language);
    this.#maxCharacters = Math.max(options.maxClauseCharacters ?? 200, leastMaxCharacters);
    this.#collector = new ClauseCollector({
      language: this.#language,
      firstClauseWords,
      firstClauseCharacters: Math.min(firstClauseCharacters, this.#maxCharacters),
      longClauseCharacters,
      maxClauseCharacters: this.#maxCharacters,
    });
  }

  /** UTF-16 units of the answer that no clause covers yet; after `end`, those with nothing to speak. */
  get uncovered(): number {
    return this.#position + this.#collector.text.length - this.#start;
  }

  /** Takes the next token; returns the clauses that are complete with it. */
  push(piece: string): Clause[] {
    const clauses: Clause[] = [];
    for (let at = 0; at < piece.length; at += partUnits) {
      this.#take(piece.slice(at, at + partUnits), clauses);
    }
    return clauses;
  }

  /** The answer is over, or broken off: returns what is left to speak. */
  end(): Clause[] {
    const clauses: Clause[] = [];
    this.#cutAll(true, clauses);
    const { length } = this.#collector.text.trimEnd();
    if (length > 0) this.#cut({ length, endsLine: true }, clauses);
    return clauses;
  }

  /**
   * For a timer of the owner, when the server pauses: returns what is safe to speak already. Numbers,
   * abbreviations and words that may go on are kept back.
   */
  overdue(): Clause[] {
    const clauses: Clause[] = [];
    const cut = this.#fence === undefined ? this.#collector.findOverdueCut() : undefined;
    if (cut !== undefined) this.#cut(cut, clauses);
    return clauses;
  }

  get #position(): number {
    return this.#collector.offset + this.#inCode;
  }

  #take(part: string, clauses: Clause[]): void {
    const rest = this.#skipCode(part);
    if (rest === "") return;
    this.#collector.append(rest);
    this.#cutAll(false, clauses);
  }

  #cutAll(isFinal: boolean, clauses: Clause[]): void {
    const collector = this.#collector;
    for (;;) {
      collector.trimStart();
      if (collector.startsLine) {
        const fence = fenceAtStart(collector.text);
        if (fence === "wait" && !isFinal) return;
        if (fence === "open") {
          this.#openFence(clauses);
          continue;
        }
      }
      const cut = collector.findCut(isFinal);
      if (cut === undefined) return;
      this.#cut(cut, clauses);
    }
  }

  #cut({ length, endsLine }: Cut, clauses: Clause[]): void {
    const collector = this.#collector;
    const source = collector.text.slice(0, length);
    const { startsLine, isBlockLine } = collector;
    const start = this.#start;
    const lead = this.#position - start;
    const language = this.#language;
    const speak = (from: number, to: number): string =>
      speakFragment(source.slice(from, to), language, {
        startsLine: startsLine && from === 0,
        endsLine: endsLine && to === length,
        isBlock: isBlockLine,
      });
    for (const part of splitSpoken(source, speak, this.#maxCharacters)) {
      clauses.push({ text: part.text, start: this.#start, end: start + lead + part.end });
      this.#start = start + lead + part.end;
      collector.noteSpoken(part.text);
    }
    collector.take(length);
  }

  #openFence(clauses: Clause[]): void {
    const collector = this.#collector;
    const mark = collector.text[0] ?? "`";
    const code = collector.text;
    const opening = 3;
    const phrase = codePhrase(this.#language);
    const end = this.#position + opening;
    if (phrase !== "") {
      clauses.push({ text: phrase, start: this.#start, end });
      this.#start = end;
      collector.noteSpoken(phrase);
    }
    this.#fence = new CodeFence(mark);
    // The collector gives up all that it has, and gets back what turns out to stand behind the code.
    collector.take(code.length);
    const rest = this.#skipCode(code.slice(opening));
    this.#inCode -= code.length - opening;
    collector.append(rest);
  }

  /** What is left of `part` behind the code. */
  #skipCode(part: string): string {
    if (this.#fence === undefined) return part;
    const { length, isClosed } = this.#fence.skip(part);
    this.#inCode += length;
    if (isClosed) this.#fence = undefined;
    return part.slice(length);
  }
}

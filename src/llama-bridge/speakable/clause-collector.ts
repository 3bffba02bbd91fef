/**
 * The text of one clause as it comes in: says where it must be cut, from what has come and nothing
 * else. Which pieces it came in makes no difference, since a decision that needs more waits for it.
 */
import { type BreakPlace, BreakPlaces } from "./break-places.ts";
import {
  continuesCharacter,
  isCloser,
  isIdeographicComma,
  isIdeographicStop,
  isLetter,
  isLowerCase,
  isWhiteSpace,
} from "./character-classes.ts";
import { clauseWordsOf } from "./clause-words.ts";
import { isNested, type Nesting, nestingAfter, notNested } from "./nesting.ts";
import {
  endsSentence,
  type Gap,
  type GapKind,
  judgeGap,
  plainWord,
  readGap,
  withoutClosers,
} from "./word-gap.ts";

export interface CollectorLimits {
  readonly language: string;
  readonly firstClauseWords: number;
  readonly firstClauseCharacters: number;
  readonly longClauseCharacters: number;
  readonly maxClauseCharacters: number;
}

export interface Cut {
  /** How many units the clause has. */
  readonly length: number;
  /** Its line, or its paragraph, is over. */
  readonly endsLine: boolean;
}

type Step = Cut | "wait" | "on";

/** Words that a first clause has more before it is cut at a conjunction than at a comma. */
const wordsBeyondComma = 2;
/** What counts as a word where none are written. */
const unitsPerIdeographicWord = 2;
const hasWord = /[\p{L}\p{N}]/u;
const blockMark = /^(?:[-*+•◦▪‣]|#{1,6}|\d{1,3}[.)]|>+)$/;

export class ClauseCollector {
  readonly #limits: CollectorLimits;
  readonly #places = new BreakPlaces();
  #text = "";
  #at = 0;
  #tokenStart = 0;
  #words = 0;
  #nesting: Nesting = notNested;
  #isInGap = false;
  #offset = 0;
  #startsLine = true;
  #isAtLineStart = true;
  #isBlockLine = false;
  #spokenWords = 0;

  constructor(limits: CollectorLimits) {
    this.#limits = limits;
  }

  /** What has come and is not cut off yet. */
  get text(): string {
    return this.#text;
  }

  /** The line is a heading, an item of a list, or a row of a table. */
  get isBlockLine(): boolean {
    return this.#isBlockLine;
  }

  /** The clause stands at the start of its line. */
  get startsLine(): boolean {
    return this.#startsLine;
  }

  /** Units of the answer before `text`. */
  get offset(): number {
    return this.#offset;
  }

  append(piece: string): void {
    this.#text += piece;
  }

  /** A clause went out. Until there are enough words, the next one is still wanted early. */
  noteSpoken(text: string): void {
    this.#spokenWords += text.split(" ").length;
  }

  /** Takes off the clause that was cut. */
  take(length: number): void {
    if (length !== this.#at) this.#nesting = this.#nestingAt(length);
    this.#drop(length);
    this.#at = 0;
    this.#tokenStart = 0;
    this.#words = 0;
    this.#isInGap = false;
    this.#startsLine = false;
    this.#places.clear();
  }

  /** Takes off white space in front of a clause. */
  trimStart(): void {
    if (this.#at > 0) return;
    let start = 0;
    let char = this.#text[start];
    while (char !== undefined && isWhiteSpace(char)) {
      if (char === "\n") this.#startLine();
      start += 1;
      char = this.#text[start];
    }
    if (start > 0) this.#drop(start);
    this.#startsLine = this.#isAtLineStart;
  }

  /** Looks for the next cut. `isFinal`: nothing will follow. */
  findCut(isFinal: boolean): Cut | undefined {
    while (this.#at < this.#text.length) {
      if (this.#at >= this.#limit) return { length: this.#forcedLength(), endsLine: false };
      const step = this.#step(isFinal);
      if (step === "wait") return undefined;
      if (step !== "on") return step;
      this.#at += 1;
    }
    return undefined;
  }

  /** A cut that is safe though no reason for one has come: the server pauses. */
  findOverdueCut(): Cut | undefined {
    const length = this.#overdueLength();
    return length === undefined || length === 0 ? undefined : { length, endsLine: false };
  }

  #overdueLength(): number | undefined {
    const { length } = this.#text.trimEnd();
    const token = this.#text.slice(this.#tokenStart, length);
    const isSentence = endsSentence(token, this.#limits.language);
    if (isSentence && !this.#isNestedAt(length)) return length;
    const isComplete = length < this.#text.length && isLetter(token.at(-1) ?? "");
    return isComplete && this.#words > 0 ? length : this.#places.latest()?.at;
  }

  get #isFirst(): boolean {
    return this.#spokenWords < this.#limits.firstClauseWords;
  }

  get #limit(): number {
    const { firstClauseCharacters, maxClauseCharacters } = this.#limits;
    return this.#isFirst ? firstClauseCharacters : maxClauseCharacters;
  }

  #step(isFinal: boolean): Step {
    const char = this.#text[this.#at] ?? "";
    if (isWhiteSpace(char)) return this.#gap(isFinal);
    if (this.#isInGap) {
      this.#isInGap = false;
      this.#tokenStart = this.#at;
    }
    if (this.#isAtLineStart && this.#at === this.#tokenStart && char === "|") {
      this.#isBlockLine = true;
    }
    if (this.#mustCutBefore(char)) return this.#here();
    const before = this.#text[this.#at - 1] ?? "";
    this.#nesting = nestingAfter(this.#nesting, char, { before, at: this.#at });
    return "on";
  }

  /** Scripts without spaces, and dashes between two words. */
  #mustCutBefore(char: string): boolean {
    const before = this.#text[this.#at - 1] ?? "";
    if (before < "\u2014" || isCloser(char) || isIdeographicStop(char)) return false;
    const mark = withoutClosers(this.#text.slice(0, this.#at)).at(-1) ?? "";
    if (isIdeographicStop(mark)) return !this.#isNestedAt(this.#at);
    if (isIdeographicComma(mark)) return this.#isClauseEnd(this.#at / unitsPerIdeographicWord);
    return before === "—" && isLetter(char) && this.#isClauseEnd(this.#words);
  }

  #gap(isFinal: boolean): Step {
    if (this.#isInGap) return "on";
    const gap = readGap(this.#text, this.#at);
    const token = this.#text.slice(this.#tokenStart, this.#at);
    const isMark = this.#isAtLineStart && blockMark.test(token);
    this.#isBlockLine ||= isMark;
    if (gap.next === undefined && !isFinal && !this.#isDecided(gap, token)) return "wait";
    const step = this.#judge(gap, isMark ? "" : token);
    if (step === "wait" && !isFinal) return "wait";
    if (typeof step !== "string") return step;
    this.#isInGap = true;
    this.#isAtLineStart = false;
    return "on";
  }

  /** Newlines may be enough to know. */
  #isDecided(gap: Gap, token: string): boolean {
    if (gap.newlines === 0) return false;
    if (gap.newlines === 2 || this.#isBlockLine) return true;
    return endsSentence(token, this.#limits.language);
  }

  #judge(gap: Gap, token: string): Step {
    if (this.#endsLine(gap, token)) return { length: this.#at, endsLine: true };
    if (token === "") return "on";
    const before = this.#text.slice(0, this.#tokenStart).trimEnd().at(-1) ?? "";
    const { language } = this.#limits;
    const kind = judgeGap({ text: this.#text, token, gap, language, before });
    if (kind === "wait") return "wait";
    if (hasWord.test(token)) this.#words += 1;
    return this.#act(kind, token);
  }

  #act(kind: Exclude<GapKind, "wait">, token: string): Step {
    if (kind === "sentence") {
      if (!this.#isNestedAt(this.#at)) return this.#here();
      this.#note("space");
      return "on";
    }
    if (kind === "clause") return this.#isClauseEnd(this.#words) ? this.#here() : "on";
    const length = this.#beforeConjunction(token);
    if (length !== undefined) return { length, endsLine: false };
    this.#note(kind);
    return "on";
  }

  #here(): Cut {
    return { length: this.#at, endsLine: false };
  }

  /** A line of a paragraph that goes on in small letters was only wrapped. */
  #endsLine(gap: Gap, token: string): boolean {
    if (gap.newlines === 0) return false;
    if (gap.newlines > 1 || this.#isBlockLine || !isLowerCase(gap.next ?? "")) return true;
    return endsSentence(token, this.#limits.language);
  }

  /** Whether it is worth it to cut here; notes the place if not. */
  #isClauseEnd(words: number): boolean {
    if (this.#isNestedAt(this.#at)) return false;
    const { firstClauseWords, longClauseCharacters } = this.#limits;
    if (this.#isFirst && words >= firstClauseWords) return true;
    if (this.#at >= longClauseCharacters) return true;
    this.#note("clause");
    return false;
  }

  /** The conjunction is known when it is complete; the cut is in front of it. */
  #beforeConjunction(token: string): number | undefined {
    const place = this.#places.get("word");
    if (place === undefined || this.#isNestedAt(this.#at)) return undefined;
    const { language, firstClauseWords } = this.#limits;
    const isBehindWord = this.#text.slice(place.at, this.#tokenStart).trim() === "";
    if (!isBehindWord || !clauseWordsOf(language).conjunctions.has(plainWord(token))) {
      return undefined;
    }
    if (this.#isFirst && this.#words > firstClauseWords + wordsBeyondComma) return place.at;
    this.#places.note("conjunction", place);
    return undefined;
  }

  #note(kind: "clause" | "word" | "space"): void {
    const place: BreakPlace = { at: this.#at, nesting: this.#nesting };
    this.#places.note(kind, place);
  }

  #forcedLength(): number {
    const place = this.#places.best(this.#limit / 4);
    if (place !== undefined) return place.at;
    const at = this.#at;
    let cut = at;
    while (cut > at / 2 && continuesCharacter(this.#text[cut] ?? "")) cut -= 1;
    return cut > at / 2 ? cut : at;
  }

  #isNestedAt(at: number): boolean {
    return isNested(this.#nesting, at, this.#limits.longClauseCharacters);
  }

  #nestingAt(length: number): Nesting {
    for (const kind of ["clause", "conjunction", "word", "space"] as const) {
      const place = this.#places.get(kind);
      if (place?.at === length) return place.nesting;
    }
    return notNested;
  }

  #startLine(): void {
    this.#isAtLineStart = true;
    this.#isBlockLine = false;
  }

  #drop(length: number): void {
    if (length === 0) return;
    this.#text = this.#text.slice(length);
    this.#offset += length;
    this.#nesting = { ...this.#nesting, openedAt: this.#nesting.openedAt - length };
  }
}

/** The white space between two words: where it stands, what ends before it and what comes behind. */
import { abbreviationsOf, type StopRule } from "./abbreviations.ts";
import {
  isCloser,
  isDigit,
  isIdeographicStop,
  isLetter,
  isLowerCase,
  isOpener,
  isWhiteSpace,
} from "./character-classes.ts";
import { clauseWordsOf } from "./clause-words.ts";

export interface Gap {
  /** Two stand for any more. */
  readonly newlines: number;
  /** The unit behind the white space; undefined when it has not come yet. */
  readonly next: string | undefined;
  readonly nextAt: number;
}

/**
 * What may be done at a gap. `sentence`: cut. `clause`: cut when that is worth it. `word`: between two
 * plain words. `space`: only when nothing else is left. `wait`: it depends on what comes.
 */
export type GapKind = "sentence" | "clause" | "word" | "space" | "wait";

/** White space beyond this is not looked through: what is decided then, is decided by it alone. */
const furthestGap = 16;
const longestWord = 16;

const sentenceMarks = new Set("!?…‽؟।۔");
const clauseMarks = new Set(",;:—،");

export function readGap(text: string, at: number): Gap {
  let newlines = 0;
  let index = at;
  for (; index < at + furthestGap; index += 1) {
    const char = text[index];
    if (char === undefined) return { newlines, next: undefined, nextAt: index };
    if (!isWhiteSpace(char)) return { newlines, next: char, nextAt: index };
    if (char === "\n") newlines += 1;
    if (newlines === 2) break;
  }
  return { newlines, next: " ", nextAt: index };
}

export interface GapQuestion {
  readonly text: string;
  /** The word before the gap, with its marks. */
  readonly token: string;
  readonly gap: Gap;
  readonly language: string;
  /** The character in front of the token and its white space; empty when there is none. */
  readonly before: string;
}

/** Judges a gap within a line. */
export function judgeGap(question: GapQuestion): GapKind {
  const { token, gap } = question;
  const core = withoutClosers(token);
  const last = core.at(-1) ?? " ";
  if (gap.next === undefined) return "wait";
  if (sentenceMarks.has(last)) return endOrClause(gap.next);
  if (last === ".") return judgeStop(question, core);
  if (isDash(core)) return isRange(question.before, gap.next) ? "space" : "clause";
  if (clauseMarks.has(last)) return isDigit(gap.next) ? "space" : "clause";
  return isLetter(token.at(-1) ?? "") && isLetter(gap.next) ? "word" : "space";
}

/** True when `token` is complete as the last word of a sentence, whatever may follow. */
export function endsSentence(token: string, language: string): boolean {
  const core = withoutClosers(token);
  const last = core.at(-1) ?? "";
  if (sentenceMarks.has(last) || isIdeographicStop(last)) return true;
  if (last !== "." || core.endsWith("..")) return false;
  const word = bareWord(core);
  return /\p{L}{3}/u.test(word) && !abbreviationsOf(language).has(word);
}

/** Without the marks around it and in small letters. */
export function plainWord(token: string): string {
  return bareWord(withoutClosers(token)).replace(/[,;:!?]+$/, "");
}

function judgeStop(question: GapQuestion, core: string): GapKind {
  const { gap, language } = question;
  const next = gap.next ?? "";
  if (core.endsWith("..")) return endOrClause(next);
  const word = bareWord(core);
  const rule = abbreviationsOf(language).get(word)?.rule ?? commonRule(word);
  if (rule === "never") return "space";
  if (rule === "unless-digit" && isDigit(next)) return "space";
  if (/^\d{1,2}$/.test(word)) return judgeOrdinal(question);
  return isLowerCase(next) || isPlainMark(next) ? "space" : "sentence";
}

/** "am 3. Mai" goes on, "um 3. Danach" does not. */
function judgeOrdinal({ text, gap, language }: GapQuestion): GapKind {
  const { openers } = clauseWordsOf(language);
  const next = gap.next ?? "";
  if (openers === undefined) return isLowerCase(next) ? "space" : "sentence";
  if (!isLetter(next)) return "space";
  const furthest = gap.nextAt + longestWord;
  let end = gap.nextAt;
  while (end < furthest && isLetter(text[end] ?? "")) end += 1;
  if (end === text.length && end < furthest) return "wait";
  const follower = text.slice(gap.nextAt, end);
  const isOpening = !isLowerCase(follower) && openers.has(follower.toLowerCase());
  return isOpening ? "sentence" : "space";
}

/** Initials ("J. S. Bach"), the halves of "z. B.", and what is written like "U.S.". */
function commonRule(word: string): StopRule | undefined {
  return /^\p{L}(?:\.\p{L}){0,4}$/u.test(word) ? "never" : undefined;
}

function endOrClause(next: string): GapKind {
  return isLowerCase(next) ? "clause" : "sentence";
}

/** Marks that go on with what was said. */
function isPlainMark(char: string): boolean {
  return ",;:–-—/&+=%".includes(char) && char !== "";
}

/** "10 - 12" */
function isRange(before: string, next: string): boolean {
  return isDigit(before) && isDigit(next);
}

function isDash(core: string): boolean {
  return /^[-–—]{1,3}$/.test(core);
}

/** Without the quotes, brackets and marks that it ends with. */
export function withoutClosers(token: string): string {
  let end = token.length;
  while (end > 0 && isCloser(token[end - 1] ?? "")) end -= 1;
  return token.slice(0, end);
}

function bareWord(core: string): string {
  let start = 0;
  while (start < core.length && isOpener(core[start] ?? "")) start += 1;
  const end = core.endsWith(".") ? core.length - 1 : core.length;
  return core.slice(start, end).toLowerCase();
}

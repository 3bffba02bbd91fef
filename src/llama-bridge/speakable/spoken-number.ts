/**
 * Reads numbers as they are written, with grouping and decimals of either custom, and speaks them.
 * Decimals are spoken digit by digit, as are codes.
 */

export interface NumberWords {
  readonly digit: (digit: number) => string;
  readonly cardinal: (value: number) => string;
  readonly year: (value: number) => string;
  /** The other one of "." and "," groups thousands. */
  readonly decimalMark: "." | ",";
  readonly decimalWord: string;
  /** Between the parts of "1.2.3". */
  readonly sequenceWord: string;
  readonly minusWord: string;
}

export interface WrittenNumber {
  /** Digits without grouping. */
  readonly whole: string;
  /** Digits behind the decimal mark. */
  readonly fraction: string;
}

/** Longer ones are read out digit by digit. */
const longestCardinal = 12;
/** Digits written without grouping are a code or a telephone number from this length on. */
const longestPlain = 9;

/** Undefined for what is no single number, such as a version or an address. */
export function readNumber(written: string, words: NumberWords): WrittenNumber | undefined {
  const marks = written.replaceAll(/\d/g, "");
  if (marks === "") return { whole: written, fraction: "" };
  const last = marks.at(-1) ?? "";
  if (mayGroup(marks, words) && isGrouped(written, last)) return ungrouped(written);
  const split = written.lastIndexOf(last);
  const whole = written.slice(0, split);
  const isWhole = marks.length === 1 || isGrouped(whole, last === "." ? "," : ".");
  return isWhole ? { ...ungrouped(whole), fraction: written.slice(split + 1) } : undefined;
}

/** Speaks any run of digits with points and commas. */
export function speakNumber(written: string, words: NumberWords): string {
  const number = readNumber(written, words);
  if (number === undefined) return speakSequence(written, words);
  const whole = speakWhole(number.whole, words, written !== number.whole);
  if (number.fraction === "") return whole;
  return `${whole} ${words.decimalWord} ${speakDigits(number.fraction, words)}`;
}

export function speakDigits(digits: string, words: NumberWords): string {
  return Array.from(digits, (digit) => words.digit(Number(digit))).join(" ");
}

/** Telephone numbers and codes: digits with short pauses, in groups of three, or of two at the end. */
export function speakGroups(digits: string, words: NumberWords): string {
  const groups: string[] = [];
  let at = 0;
  while (at < digits.length) {
    const left = digits.length - at;
    const size = left === 4 || left === 2 ? 2 : 3;
    groups.push(speakDigits(digits.slice(at, at + size), words));
    at += size;
  }
  return groups.join(", ");
}

/** Years are mostly written so, and few other numbers. */
export function looksLikeYear(written: string): boolean {
  return /^(?:19|20)\d\d$/.test(written);
}

function speakWhole(whole: string, words: NumberWords, isGroupedOrDecimal: boolean): string {
  if (whole.length > 1 && whole.startsWith("0")) return speakGroups(whole, words);
  const longest = isGroupedOrDecimal ? longestCardinal : longestPlain;
  if (whole.length > longest) return speakGroups(whole, words);
  return words.cardinal(Number(whole));
}

function speakSequence(written: string, words: NumberWords): string {
  const mark = written.includes(".") ? ` ${words.sequenceWord} ` : ", ";
  const parts = written.split(/[.,]/);
  return parts.map((part) => speakWhole(part, words, false)).join(mark);
}

/** One decimal mark is that; two of them, or the other one, may group thousands. */
function mayGroup(marks: string, words: NumberWords): boolean {
  return marks.length > 1 || marks !== words.decimalMark;
}

function isGrouped(written: string, mark: string): boolean {
  const [first = "", ...others] = written.split(mark);
  return (
    /^[1-9]\d{0,2}$/.test(first) &&
    others.length > 0 &&
    others.every((group) => /^\d{3}$/.test(group))
  );
}

function ungrouped(written: string): WrittenNumber {
  return { whole: written.replaceAll(/\D/g, ""), fraction: "" };
}

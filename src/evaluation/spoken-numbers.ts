/** Reads English number words one after the other and writes the numbers in digits. */
import { numberWords, type NumberWord, type Rank } from "./number-words.ts";

/** A bigint can still grow by what follows; text is a string of digits, to which digits are added. */
type Pending = bigint | string;

type LinkWord = Extract<NumberWord, { readonly kind: "and" | "repeat" | "point" }>;

interface Neighbours {
  readonly previous: NumberWord | undefined;
  readonly next: string | undefined;
}

interface RankedWord {
  readonly rank: Rank;
  readonly value: bigint;
}

const numeral = /^\d+(?:\.\d+)?$/u;
const markedNumeral = /^([-+£€$¢]?)(\d+(?:\.\d+)?)$/u;
const integralNumeral = /^(\d+)(?:\.0+)?$/u;

/** "two hundred and five pounds at ten percent" gives `£205 at 10%`. Expects words in lower case. */
export function writeNumbers(words: readonly string[]): string[] {
  return new NumberReader(words).written();
}

class NumberReader {
  readonly #words: readonly string[];
  readonly #written: string[] = [];
  /** What stands in front of the next thing that is written. */
  #mark = "";
  #pending: Pending | undefined;
  /** The word that comes next was part of the one before it. */
  #skipsNext = false;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  written(): string[] {
    for (const [index, text] of this.#words.entries()) {
      const previous = numberWords.get(this.#words[index - 1] ?? "");
      if (this.#skipsNext) this.#skipsNext = false;
      else this.#read(text, { previous, next: this.#words[index + 1] });
    }
    this.#finish();
    return this.#written;
  }

  #read(text: string, around: Neighbours): void {
    const [, mark, digits] = markedNumeral.exec(text) ?? [];
    if (digits !== undefined) return this.#readNumeral(text, mark ?? "", digits);
    const word = numberWords.get(text);
    if (word === undefined) return this.#writeAlone(text);
    this.#readWord(text, word, around);
  }

  #readWord(text: string, word: NumberWord, around: Neighbours): void {
    switch (word.kind) {
      case "zero":
        this.#pending = `${this.#digits()}0`;
        break;
      case "cardinal":
        this.#join(word, around);
        break;
      case "suffixed":
        this.#join(word, around);
        this.#write(`${this.#pending}${word.suffix}`);
        break;
      case "sign":
        this.#readSign(text, word.mark, around);
        break;
      case "currency":
        if (this.#pending !== undefined) this.#mark = word.mark;
        this.#write(this.#pending ?? text);
        break;
      case "percent":
        this.#readPercent(text, word.rest, around);
        break;
      case "and":
      case "repeat":
      case "point":
        this.#readLink(text, word, around);
        break;
    }
  }

  #readNumeral(text: string, mark: string, digits: string): void {
    if (typeof this.#pending === "string" && this.#pending.endsWith(".")) {
      this.#pending += text;
      return;
    }
    this.#finish();
    if (mark !== "") this.#mark = mark;
    const whole = integralNumeral.exec(digits)?.[1];
    this.#pending = whole === undefined ? digits : BigInt(whole);
  }

  #readSign(text: string, mark: string, { next }: Neighbours): void {
    this.#finish();
    if (startsNumber(next)) this.#mark = mark;
    else this.#write(text);
  }

  #readPercent(text: string, rest: string | undefined, around: Neighbours): void {
    const isPercent = this.#pending !== undefined && (rest === undefined || rest === around.next);
    if (!isPercent) return this.#writeAlone(text);
    this.#write(`${this.#pending}%`);
    this.#skipsNext = rest !== undefined;
  }

  /** Words that mean something between numbers only. */
  #readLink(text: string, word: LinkWord, { previous, next }: Neighbours): void {
    if (!startsNumber(next)) return this.#writeAlone(text);
    const nextWord = numberWords.get(next ?? "");
    if (word.kind === "and") {
      // "two hundred and five" is one number.
      if (!isCardinal(previous, "scale")) this.#writeAlone(text);
    } else if (word.kind === "repeat") {
      const digit = digitsOf(nextWord);
      if (digit === undefined) return this.#writeAlone(text);
      this.#pending = this.#digits() + digit.repeat(word.times);
      this.#skipsNext = true;
    } else if (isDecimal(nextWord) || nextWord === undefined) {
      this.#pending = `${this.#digits()}.`;
    }
    // A "point" in front of any other number word is lost, as in Whisper's normaliser.
  }

  #join(word: RankedWord, { previous }: Neighbours): void {
    if (word.rank === "unit") this.#pending = joinUnit(this.#pending, word.value, previous);
    else if (word.rank === "tens") this.#pending = joinTens(this.#pending, word.value);
    else this.#joinScale(word.value);
  }

  #joinScale(scale: bigint): void {
    const scaled = scaleUp(this.#pending ?? 1n, scale);
    if (scaled === undefined) this.#finish();
    this.#pending = scaled ?? scale;
  }

  /** The digits so far, to add more of them; a number zero leaves none. */
  #digits(): string {
    return this.#pending === undefined || this.#pending === 0n ? "" : String(this.#pending);
  }

  #finish(): void {
    if (this.#pending !== undefined) this.#write(this.#pending);
  }

  /** A word that is no part of the number before it. */
  #writeAlone(text: string): void {
    this.#finish();
    this.#write(text);
  }

  #write(text: Pending): void {
    this.#written.push(`${this.#mark}${text}`);
    this.#mark = "";
    this.#pending = undefined;
  }
}

function joinUnit(
  pending: Pending | undefined,
  unit: bigint,
  previous: NumberWord | undefined,
): Pending {
  if (pending === undefined) return unit;
  const isDigit = unit < 10n;
  if (typeof pending === "string" || isCardinal(previous, "unit")) {
    // In "nineteen eighty four" the four takes the place of the zero of eighty.
    const replacesZero = isDigit && isCardinal(previous, "tens");
    const head = String(pending);
    return `${replacesZero ? head.slice(0, -1) : head}${unit}`;
  }
  return addOrAppend(pending, unit, isDigit ? 10n : 100n);
}

function joinTens(pending: Pending | undefined, tens: bigint): Pending {
  if (pending === undefined) return tens;
  return typeof pending === "string" ? `${pending}${tens}` : addOrAppend(pending, tens, 100n);
}

/** "two hundred" has room for "five"; "two" has not, so "two five" are two digits. */
function addOrAppend(pending: bigint, value: bigint, room: bigint): Pending {
  return pending % room === 0n ? pending + value : `${pending}${value}`;
}

/** Undefined when a string of digits times the scale is no whole number. */
function scaleUp(pending: Pending, scale: bigint): bigint | undefined {
  if (typeof pending === "string") return scaleDecimal(pending, scale);
  // "one million two hundred thousand": the scale is for what came after the last thousands only.
  const residual = pending % 1000n;
  return pending - residual + residual * scale;
}

function scaleDecimal(digits: string, scale: bigint): bigint | undefined {
  const [, whole = "", fraction = ""] = /^(\d*)\.?(\d*)$/u.exec(digits) ?? [];
  if (whole + fraction === "") return undefined;
  const product = BigInt(whole + fraction) * scale;
  const divisor = 10n ** BigInt(fraction.length);
  return product % divisor === 0n ? product / divisor : undefined;
}

function startsNumber(next: string | undefined): boolean {
  return next !== undefined && (numberWords.has(next) || numeral.test(next));
}

function isCardinal(word: NumberWord | undefined, rank: Rank): boolean {
  return word?.kind === "cardinal" && word.rank === rank;
}

/** May follow "point". */
function isDecimal(word: NumberWord | undefined): boolean {
  return word?.kind === "zero" || isCardinal(word, "unit") || isCardinal(word, "tens");
}

function digitsOf(word: NumberWord | undefined): string | undefined {
  if (word?.kind === "zero") return "0";
  return word?.kind === "cardinal" && word.rank === "unit" ? String(word.value) : undefined;
}

/** True for a word after which "and a half" means "point five". */
export function isHalvable(text: string): boolean {
  const word = numberWords.get(text);
  return word?.kind === "zero" || word?.kind === "cardinal";
}

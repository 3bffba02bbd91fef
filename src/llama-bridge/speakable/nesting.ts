/** Which quotes and brackets are open at a place of a text; values, so that a place can be kept. */
import { isWhiteSpace } from "./character-classes.ts";

export interface Nesting {
  readonly depth: number;
  /** What closes the open quotation; empty when there is none, and no character is. */
  readonly closingQuote: string;
  /** Where the outermost one that is open was opened. */
  readonly openedAt: number;
}

export const notNested: Nesting = { depth: 0, closingQuote: "", openedAt: 0 };

/** Nothing sensible is deeper, and whatever is, must not count for ever. */
const deepest = 8;

const quotes: Readonly<Record<string, string>> = {
  "„": "“",
  "“": "”",
  "«": "»",
  "»": "«",
  "「": "」",
  "『": "』",
  '"': '"',
};

const openingBrackets = new Set("([{");
const closingBrackets = new Set(")]}");

/** The nesting behind `char`, which stands at `at` and behind `before`. */
export function nestingAfter(
  nesting: Nesting,
  char: string,
  place: { readonly before: string; readonly at: number },
): Nesting {
  if (nesting.closingQuote === char) return { ...nesting, closingQuote: "" };
  if (nesting.closingQuote === "" && opensQuote(char, place.before)) {
    const openedAt = nesting.depth === 0 ? place.at : nesting.openedAt;
    return { ...nesting, closingQuote: quotes[char] ?? "", openedAt };
  }
  if (openingBrackets.has(char)) return deeper(nesting, place.at);
  if (!closingBrackets.has(char) || nesting.depth === 0) return nesting;
  return { ...nesting, depth: nesting.depth - 1 };
}

/** One that stays open for longer than `reach` was not meant, or is too long to wait for. */
export function isNested(nesting: Nesting, at: number, reach: number): boolean {
  if (nesting.depth === 0 && nesting.closingQuote === "") return false;
  return at - nesting.openedAt < reach;
}

function deeper(nesting: Nesting, at: number): Nesting {
  const isOutermost = nesting.depth === 0 && nesting.closingQuote === "";
  const openedAt = isOutermost ? at : nesting.openedAt;
  return { ...nesting, depth: Math.min(nesting.depth + 1, deepest), openedAt };
}

/** A quotation mark behind a letter or digit closes, or means inches. */
function opensQuote(char: string, before: string): boolean {
  if (!Object.hasOwn(quotes, char)) return false;
  return before === "" || isWhiteSpace(before) || "([{*_—–-".includes(before) || char === "「";
}

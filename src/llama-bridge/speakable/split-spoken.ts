/** Keeps what is spoken below a limit, since numbers and symbols grow when they are read out. */
import { isWhiteSpace } from "./character-classes.ts";

export interface SpokenPart {
  readonly text: string;
  /** Where it ends in the original. */
  readonly end: number;
}

/**
 * Speaks `source` in as few parts as the limit allows, each cut between words of the original; what
 * one word of it becomes is cut between spoken words if it must be. `speak` gives the spoken form of
 * a stretch; what has none yields no part.
 */
export function splitSpoken(
  source: string,
  speak: (from: number, to: number) => string,
  limit: number,
): SpokenPart[] {
  const parts: SpokenPart[] = [];
  const divide = (from: number, to: number): void => {
    const text = speak(from, to);
    if (text === "") return;
    const middle = text.length > limit ? spaceNearMiddle(source, from, to) : undefined;
    if (middle === undefined) {
      parts.push(...splitWords(text, limit).map((part) => ({ text: part, end: to })));
      return;
    }
    divide(from, middle);
    divide(middle, to);
  };
  divide(0, source.length);
  return parts;
}

/** The white space within the stretch that is nearest to its middle; those of numbers do not count. */
function spaceNearMiddle(source: string, from: number, to: number): number | undefined {
  const middle = Math.floor((from + to) / 2);
  for (let away = 0; away < middle - from; away += 1) {
    if (isPlainSpace(source, middle + away)) return middle + away;
    if (isPlainSpace(source, middle - away)) return middle - away;
  }
  return undefined;
}

function isPlainSpace(source: string, at: number): boolean {
  const isInNumber = /\d/.test(source[at - 1] ?? "") && /\d/.test(source[at + 1] ?? "");
  return isWhiteSpace(source[at] ?? "") && !isInNumber;
}

function splitWords(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const space = rest.lastIndexOf(" ", limit);
    const end = space > 0 ? space : wholeCharacters(rest, limit);
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  parts.push(rest);
  return parts.filter((part) => /[\p{L}\p{N}]/u.test(part));
}

function wholeCharacters(text: string, limit: number): number {
  const unit = text.charCodeAt(limit);
  return unit >= 0xdc00 && unit <= 0xdfff ? limit - 1 : limit;
}

/** Words with times and probabilities, from whisper.cpp's tokens. */
import type { DecodedWord } from "./recogniser.ts";

export interface NativeToken {
  /** Times are whisper.cpp's guesses: they may lie outside the segment, or overlap. */
  readonly startMs: number;
  readonly endMs: number;
  readonly logProbability: number;
  /** Of its text; a character may be spread over tokens. */
  readonly textBytes: number;
}

export interface TokenSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly tokens: readonly NativeToken[];
  /** UTF-8 of all its tokens, one after the other. */
  readonly text: Uint8Array;
}

/** Tokens that stand together without a space between them. */
interface TokenGroup {
  readonly textStart: number;
  textEnd: number;
  readonly tokens: NativeToken[];
}

const space = 0x20;
// A byte-order mark in the middle of a call is text like any other.
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The words of a segment, with times inside it that never go back. A language that writes no spaces
 * yields one word a segment.
 */
export function wordsOf(segment: TokenSegment): DecodedWord[] {
  const words: DecodedWord[] = [];
  let earliestMs = segment.startMs;
  for (const group of groupTokens(segment)) {
    const text = textDecoder.decode(segment.text.subarray(group.textStart, group.textEnd)).trim();
    if (text === "") continue;
    const first = group.tokens.at(0)?.startMs ?? earliestMs;
    const last = group.tokens.at(-1)?.endMs ?? earliestMs;
    const startMs = clamp(first, earliestMs, segment.endMs);
    const endMs = clamp(last, startMs, segment.endMs);
    words.push({ text, startMs, endMs, probability: geometricMean(group.tokens) });
    earliestMs = endMs;
  }
  return words;
}

/**
 * The tokens with times in proportion to their texts, for a segment whose end whisper.cpp did not
 * know: it took the end of its window of 30 s, and guessed all times between.
 */
export function spreadTokens(segment: TokenSegment): NativeToken[] {
  const { startMs, endMs, tokens, text } = segment;
  const msPerByte = Math.max(0, endMs - startMs) / Math.max(1, text.byteLength);
  let textAt = 0;
  return tokens.map((token) => {
    const tokenStart = textAt;
    textAt += token.textBytes;
    return {
      ...token,
      startMs: Math.round(startMs + tokenStart * msPerByte),
      endMs: Math.round(startMs + textAt * msPerByte),
    };
  });
}

function groupTokens(segment: TokenSegment): readonly TokenGroup[] {
  const groups: TokenGroup[] = [];
  let textAt = 0;
  for (const token of segment.tokens) {
    const textEnd = textAt + token.textBytes;
    const group = groups.at(-1);
    if (group === undefined || segment.text[textAt] === space) {
      groups.push({ textStart: textAt, textEnd, tokens: [token] });
    } else {
      group.textEnd = textEnd;
      group.tokens.push(token);
    }
    textAt = textEnd;
  }
  return groups;
}

function geometricMean(tokens: readonly NativeToken[]): number {
  const sum = tokens.reduce((total, token) => total + token.logProbability, 0);
  return Math.min(1, Math.exp(sum / tokens.length));
}

/** When the bounds cross, the lower one counts. */
function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

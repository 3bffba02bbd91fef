/** Tells texts that whisper heard from texts that it made up, by the marks its authors name. */
import { deflateSync } from "node:zlib";
import type { DecodeResult } from "./recogniser.ts";
import { finalText } from "./transcript.ts";

/** Mean ln(p) of the tokens below which a text is doubtful (OpenAI's logprob_threshold). */
const doubtfulLogProbability = -1;
/** Bytes over their deflated size, above which a text repeats itself (OpenAI's compression_ratio_threshold). */
const repetitiveRatio = 2.4;
/** Shorter texts, such as a number with one digit many times, deflate well and mean it. */
const leastBytesToRepeat = 80;
/** OpenAI's no_speech_threshold: above it a doubtful text is none. */
const noSpeechThreshold = 0.6;
/** So sure of silence that only certain speech in the detector's ears speaks against it. */
const certainNoSpeech = 0.9;
/** Mean probability of speech, in the detector's ears, of an utterance that is one without doubt. */
const certainSpeech = 0.8;
/** A phrase of so many words, said this often in a row, is a loop and no number. */
const loopWords = { least: 3, most: 16 } as const;
const loopRounds = 3;

export interface HeardText {
  /** Empty when nothing was said. */
  readonly text: string;
  readonly result: DecodeResult;
  /** Mean ln(p) of all text tokens; 0 when there are none. */
  readonly averageLogProbability: number;
  readonly compressionRatio: number;
  readonly isRepetitive: boolean;
}

export function weigh(result: DecodeResult): HeardText {
  const text = finalText(result.segments);
  const compressionRatio = compressionRatioOf(text);
  const isCompressible = compressionRatio > repetitiveRatio && text.length >= leastBytesToRepeat;
  const isRepetitive = isCompressible || hasLoop(text);
  const averageLogProbability = meanLogProbability(result);
  return { text, result, averageLogProbability, compressionRatio, isRepetitive };
}

/** True for a text that deserves a second try with the model's full context. */
export function isDoubtful(heard: HeardText): boolean {
  if (heard.text === "") return false;
  return heard.isRepetitive || heard.averageLogProbability < doubtfulLogProbability;
}

/** Of two tries at one utterance, the one to believe. */
export function better(first: HeardText, second: HeardText): HeardText {
  if (first.isRepetitive !== second.isRepetitive) return first.isRepetitive ? second : first;
  return second.averageLogProbability > first.averageLogProbability ? second : first;
}

/**
 * Why the text was made up and not heard, or undefined. `speechProbability` is the detector's mean
 * over the utterance; undefined when nobody asked the detector.
 */
export function findInvention(
  heard: HeardText,
  speechProbability: number | undefined,
): "no-speech" | "repetition" | undefined {
  if (heard.text === "") return undefined;
  const isCertain = speechProbability !== undefined && speechProbability >= certainSpeech;
  const noSpeech = heard.result.noSpeechProbability ?? 0;
  if (noSpeech > noSpeechThreshold && heard.averageLogProbability < doubtfulLogProbability) {
    return "no-speech";
  }
  if (isCertain) return undefined;
  if (heard.isRepetitive) return "repetition";
  return noSpeech > certainNoSpeech ? "no-speech" : undefined;
}

function meanLogProbability(result: DecodeResult): number {
  let sum = 0;
  let words = 0;
  for (const segment of result.segments) {
    const weight = Math.max(1, segment.words.length);
    sum += segment.averageLogProbability * weight;
    words += weight;
  }
  return words === 0 ? 0 : sum / words;
}

function compressionRatioOf(text: string): number {
  const bytes = Buffer.from(text, "utf8");
  return bytes.length === 0 ? 0 : bytes.length / deflateSync(bytes).length;
}

/** "see you then see you then see you then": callers repeat a digit, but hardly a phrase so often. */
function hasLoop(text: string): boolean {
  const words = text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
  const longest = Math.min(loopWords.most, Math.floor(words.length / loopRounds));
  for (let length = loopWords.least; length <= longest; length += 1) {
    if (repeatsPhrase(words, length)) return true;
  }
  return false;
}

function repeatsPhrase(words: readonly string[], length: number): boolean {
  let equal = 0;
  for (let index = length; index < words.length; index += 1) {
    equal = words[index] === words[index - length] ? equal + 1 : 0;
    if (equal < length * (loopRounds - 1)) continue;
    if (new Set(words.slice(index - length + 1, index + 1)).size > 1) return true;
  }
  return false;
}

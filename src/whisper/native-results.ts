/** Texts that come out of the native library: results, reasons and log lines, from bytes. */
import { languageBytes, structSizes, viewOf } from "./native-layout.ts";
import { type NativeToken, type TokenSegment, spreadTokens, wordsOf } from "./native-words.ts";
import type { DecodedSegment } from "./recogniser.ts";

export interface NativeResult {
  readonly language: string;
  /** Undefined where the encoder did not see the whole utterance at once. */
  readonly noSpeechProbability: number | undefined;
  readonly segments: readonly DecodedSegment[];
}

export type NativeLogLevel = "debug" | "info" | "warn" | "error";

export interface NativeLogLine {
  readonly level: NativeLogLevel;
  readonly text: string;
}

// A byte-order mark in the middle of a call is text like any other.
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A text that the library sent as a result, such as why loading failed. */
export function decodeText(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}

/**
 * The result of decoding `audioMs` of sound. Undefined for bytes that are no result, which only a
 * fault in the library can produce.
 */
export function decodeResult(bytes: Uint8Array, audioMs: number): NativeResult | undefined {
  if (bytes.byteLength < structSizes.wf_result_header) return undefined;
  const view = viewOf(bytes);
  const segmentCount = view.getUint32(4, true);
  const tokensStart = structSizes.wf_result_header + segmentCount * structSizes.wf_result_segment;
  const textsStart = tokensStart + view.getUint32(8, true) * structSizes.wf_result_token;
  if (textsStart + view.getUint32(12, true) !== bytes.byteLength) return undefined;
  const noSpeech = view.getFloat32(16, true);
  const segments = decodeSegments({ bytes, audioMs, segmentCount, tokensStart, textsStart });
  if (segments === undefined) return undefined;
  return {
    language: decodeLanguage(bytes.subarray(20, 20 + languageBytes)),
    noSpeechProbability: noSpeech >= 0 ? noSpeech : undefined,
    segments,
  };
}

interface ResultParts {
  readonly bytes: Uint8Array;
  readonly audioMs: number;
  readonly segmentCount: number;
  readonly tokensStart: number;
  readonly textsStart: number;
}

/** Undefined when the segments' tokens or texts are not exactly those that are there. */
function decodeSegments(parts: ResultParts): DecodedSegment[] | undefined {
  const { bytes, tokensStart, textsStart } = parts;
  const view = viewOf(bytes);
  const segments: DecodedSegment[] = [];
  let tokenAt = tokensStart;
  let textAt = textsStart;
  for (let index = 0; index < parts.segmentCount; index += 1) {
    const at = structSizes.wf_result_header + index * structSizes.wf_result_segment;
    const tokenEnd = tokenAt + view.getUint32(at + 16, true) * structSizes.wf_result_token;
    const textEnd = textAt + view.getUint32(at + 20, true);
    if (tokenEnd > textsStart || textEnd > bytes.byteLength) return undefined;
    segments.push(
      decodeSegment({
        startMs: view.getInt32(at + 4, true),
        endMs: view.getInt32(at + 8, true),
        audioMs: parts.audioMs,
        averageLogProbability: view.getFloat32(at + 12, true),
        tokens: decodeTokens(bytes.subarray(tokenAt, tokenEnd)),
        text: bytes.subarray(textAt, textEnd),
      }),
    );
    tokenAt = tokenEnd;
    textAt = textEnd;
  }
  return tokenAt === textsStart && textAt === bytes.byteLength ? segments : undefined;
}

interface SegmentParts extends TokenSegment {
  readonly audioMs: number;
  readonly averageLogProbability: number;
}

/** Beyond what a model that hears a little too long may say. */
const plausibleOverrunMs = 1000;

function decodeSegment(parts: SegmentParts): DecodedSegment {
  const { audioMs, averageLogProbability } = parts;
  const startMs = Math.min(parts.startMs, audioMs);
  const segment = { ...parts, startMs, endMs: Math.max(startMs, Math.min(parts.endMs, audioMs)) };
  const isTimed = parts.endMs <= audioMs + plausibleOverrunMs;
  const tokens = isTimed ? segment.tokens : spreadTokens(segment);
  return {
    startMs,
    endMs: segment.endMs,
    text: textDecoder.decode(segment.text),
    averageLogProbability,
    words: wordsOf({ ...segment, tokens }),
  };
}

function decodeTokens(bytes: Uint8Array): NativeToken[] {
  const view = viewOf(bytes);
  const tokens: NativeToken[] = [];
  for (let at = 0; at < bytes.byteLength; at += structSizes.wf_result_token) {
    tokens.push({
      startMs: view.getInt32(at + 4, true),
      endMs: view.getInt32(at + 8, true),
      logProbability: view.getFloat32(at + 12, true),
      textBytes: view.getUint32(at + 16, true),
    });
  }
  return tokens;
}

function decodeLanguage(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return textDecoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** ggml_log_level; what is not listed is taken for information. */
const logLevels: Readonly<Record<number, NativeLogLevel>> = { 1: "debug", 3: "warn", 4: "error" };
const logHeaderBytes = 8;

/** The lines in a buffer that wf_log_drain() filled. */
export function decodeLogLines(bytes: Uint8Array): NativeLogLine[] {
  const view = viewOf(bytes);
  const lines: NativeLogLine[] = [];
  let at = 0;
  while (at + logHeaderBytes <= bytes.byteLength) {
    const level = logLevels[view.getInt32(at, true)] ?? "info";
    const start = at + logHeaderBytes;
    at = start + view.getUint32(at + 4, true);
    lines.push({ level, text: textDecoder.decode(bytes.subarray(start, at)) });
  }
  return lines;
}

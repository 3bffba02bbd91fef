/** Texts that come out of the native library: results, reasons and log lines, from bytes. */
import { languageBytes, structSizes, viewOf } from "./native-layout.ts";

export interface NativeSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly noSpeechProbability: number;
  readonly averageLogProbability: number;
  readonly tokenCount: number;
  readonly text: string;
}

export interface NativeResult {
  readonly language: string;
  readonly segments: readonly NativeSegment[];
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

/** Undefined for bytes that are no result, which only a fault in the library can produce. */
export function decodeResult(bytes: Uint8Array): NativeResult | undefined {
  const headerBytes = structSizes.wf_result_header;
  const segmentBytes = structSizes.wf_result_segment;
  if (bytes.byteLength < headerBytes) return undefined;
  const view = viewOf(bytes);
  const segmentCount = view.getUint32(4, true);
  const textStart = headerBytes + segmentCount * segmentBytes;
  if (textStart + view.getUint32(8, true) !== bytes.byteLength) return undefined;
  const segments: NativeSegment[] = [];
  let textAt = textStart;
  for (let index = 0; index < segmentCount; index += 1) {
    const at = headerBytes + index * segmentBytes;
    const textEnd = textAt + view.getUint32(at + 24, true);
    segments.push({
      startMs: view.getInt32(at + 4, true),
      endMs: view.getInt32(at + 8, true),
      noSpeechProbability: view.getFloat32(at + 12, true),
      averageLogProbability: view.getFloat32(at + 16, true),
      tokenCount: view.getUint32(at + 20, true),
      text: textDecoder.decode(bytes.subarray(textAt, textEnd)),
    });
    textAt = textEnd;
  }
  return { language: decodeLanguage(bytes.subarray(12, 12 + languageBytes)), segments };
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

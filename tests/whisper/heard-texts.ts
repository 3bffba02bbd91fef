/** Texts as recognition gives them, for tests that judge them. */
import type { DecodeResult } from "../../src/whisper/recogniser.ts";
import { weigh } from "../../src/whisper/transcript-quality.ts";
import type { TranscribedText } from "../../src/whisper/transcription.ts";

export interface HeardOptions {
  readonly averageLogProbability?: number;
  readonly noSpeechProbability?: number | undefined;
  readonly language?: string;
}

export function decodedText(text: string, options: HeardOptions = {}): DecodeResult {
  const { averageLogProbability = -0.1, noSpeechProbability, language = "en" } = options;
  const words = text.split(" ").map((word, index) => ({
    text: word,
    startMs: index * 100,
    endMs: index * 100 + 80,
    probability: 0.9,
  }));
  const segment = { startMs: 0, endMs: 1000, text, averageLogProbability, words };
  return { segments: [segment], noSpeechProbability, language, queuedMs: 0, decodeMs: 10 };
}

export function transcribedText(text: string, options: HeardOptions = {}): TranscribedText {
  const heard = weigh(decodedText(text, options));
  return { ...heard, audioContext: 256, tries: 1, queuedMs: 0, decodeMs: 10 };
}

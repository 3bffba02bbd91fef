/** A final transcript as plain data for JSON: all that is known of it except its samples. */
import type { FinalTranscript } from "../whisper/utterance-line.ts";

export interface WordRecord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly probability: number;
}

export interface FinalRecord {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
  readonly words: readonly WordRecord[];
  readonly language: string;
  readonly error: string | undefined;
  readonly invention: { readonly reason: string; readonly text: string } | undefined;
  readonly averageLogProbability: number;
  readonly noSpeechProbability: number | undefined;
  readonly speechProbability: number | undefined;
  readonly audioContext: number;
  readonly tries: number;
  readonly wasForeseen: boolean;
  readonly audioMs: number;
  readonly queuedMs: number;
  readonly decodeMs: number;
}

/** `startMs` is where the utterance begins; its own times and those of its words count from there. */
export function describeFinal(final: FinalTranscript, startMs: number): FinalRecord {
  const { utterance, audioMs } = final;
  return {
    startMs,
    endMs: startMs + audioMs,
    text: final.text,
    words: final.words.map((word) => ({
      text: word.text,
      startMs: startMs + word.startMs,
      endMs: startMs + word.endMs,
      probability: round(word.probability, 3),
    })),
    language: final.language,
    error: final.error,
    invention: final.invention,
    averageLogProbability: round(final.averageLogProbability, 4),
    noSpeechProbability: roundKnown(final.noSpeechProbability),
    speechProbability: roundKnown(utterance.speechProbability),
    audioContext: final.audioContext,
    tries: final.tries,
    wasForeseen: final.wasForeseen,
    audioMs,
    queuedMs: round(final.queuedMs, 1),
    decodeMs: round(final.decodeMs, 1),
  };
}

function roundKnown(probability: number | undefined): number | undefined {
  return probability === undefined ? undefined : round(probability, 4);
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

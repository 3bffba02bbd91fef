/** Finals as hearing delivers them, for those who only pass them on. */
import type { HearingEvent } from "../../src/whisper/hearing-events.ts";
import type { FinalTranscript } from "../../src/whisper/utterance-line.ts";

export function finalOf(
  text: string,
  samples: Float32Array = new Float32Array(1600),
  rest: Partial<FinalTranscript> = {},
): FinalTranscript {
  const audioMs = samples.length / 16;
  return {
    text,
    language: "en",
    words: [{ text, startMs: 10, endMs: 90, probability: 0.87654 }],
    utterance: { startSample: 0, endSample: samples.length, samples, speechProbability: 0.912345 },
    audioMs,
    queuedMs: 1.23,
    decodeMs: 45.67,
    tries: 1,
    audioContext: 256,
    averageLogProbability: -0.123456,
    noSpeechProbability: 0.01,
    wasForeseen: true,
    ...rest,
  };
}

export function finalEvent(
  final: FinalTranscript,
  startMs = 0,
): Extract<HearingEvent, { kind: "final" }> {
  return { kind: "final", startMs, final };
}

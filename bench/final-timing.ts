/** Tells how late a final text was, from where its utterance ends and when that sound was sent. */
import { pauseMs } from "../src/whisper/hearing.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import type { SpokenLine } from "./sentences.ts";

/** The service's default: what a caller has to keep silent for. */
export const endSilenceMs = 500;
/** What the service keeps, in an utterance, of the silence behind its last window with speech. */
export const trailingSamples = (pauseMs * whisperSampleRateHz) / 1000;
/** The detector and the energy of the sound disagree by less than this about where speech ends. */
const plausibleLagMs = 400;

/** Where the utterances that became texts end in the stream, as whisper returns it. */
export class UtteranceEnds {
  readonly samples: number[] = [];
  #isTranscript = false;

  /** Utterances without words send none to the LLaMA. */
  transcript(text: string): void {
    this.#isTranscript = text !== "";
  }

  /** The position of an utterance comes right behind its transcript; others stand alone. */
  position(samples: number): void {
    if (this.#isTranscript) this.samples.push(samples);
    this.#isTranscript = false;
  }
}

export interface FinalText {
  readonly line: SpokenLine;
  /** Of its utterance, with the silence that was kept. */
  readonly endSample: number;
  /** When it was at the LLaMA. */
  readonly atMs: number;
  /** When the packet with that sample was sent. */
  readonly sentAtMs: (sample: number) => number | undefined;
}

/** Milliseconds beyond the silence that ends an utterance. */
export interface FinalTiming {
  /** Since the last window was sent that the detector calls speech. */
  readonly lateMs: number;
  /** Since the end of the sentence was sent, as its energy tells. */
  readonly afterSoundMs: number;
}

/** Throws when no sentence ends near the utterance. */
export function timeFinal({ line, endSample, atMs, sentAtMs }: FinalText): FinalTiming {
  const speechEnd = endSample - trailingSamples;
  const soundEnd = nearest(line.soundEnds, speechEnd);
  const lagMs = ((speechEnd - soundEnd) * 1000) / whisperSampleRateHz;
  if (Math.abs(lagMs) > plausibleLagMs) {
    throw new Error(`an utterance ends ${lagMs.toFixed(0)} ms from any sentence`);
  }
  const since = (end: number): number => atMs - (sentAtMs(end - 1) ?? Number.NaN) - endSilenceMs;
  return { lateMs: since(speechEnd), afterSoundMs: since(soundEnd) };
}

function nearest(values: readonly number[], to: number): number {
  return values.reduce((best, value) =>
    Math.abs(value - to) < Math.abs(best - to) ? value : best,
  );
}

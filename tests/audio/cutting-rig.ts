/** Feeds frames with given probabilities to a cutter, and keeps what it says. */
import {
  type CuttingEvent,
  type CuttingOptions,
  UtteranceCutter,
} from "../../src/audio/utterance-cutter.ts";

export const frameSamples = 512;
export const rateHz = 16_000;
/** As a call is heard: frames of 32 ms, so that 128 ms are 4 frames and 500 ms are 16. */
export const asHeard: CuttingOptions = {
  sampleRateHz: rateHz,
  frameSamples,
  startProbability: 0.5,
  endProbability: 0.35,
  startMs: 32,
  minSpeechMs: 96,
  pauseMs: 128,
  endSilenceMs: 500,
  preRollMs: 350,
  trailingMs: 128,
  maxUtteranceMs: 9_000,
};
export const pauseFrames = 4;
export const endFrames = 16;
export const preRollSamples = 5_600;
export const trailingSamples = 2_048;

type Utterance = Extract<CuttingEvent, { kind: "utterance" }>;
type Pause = Extract<CuttingEvent, { kind: "pause" }>;

/** Feeds a stream in which each sample is worth its own position, so that copies can be checked. */
export class Rig {
  readonly cutter: UtteranceCutter;
  readonly #soundOf: (position: number) => number;
  readonly events: CuttingEvent[] = [];
  /** Where each frame of the stream began, and its probability. */
  readonly frames: { readonly startSample: number; readonly probability: number }[] = [];
  position = 0;

  constructor(
    options: Partial<CuttingOptions> = {},
    soundOf: (position: number) => number = (position) => position,
  ) {
    this.cutter = new UtteranceCutter({ ...asHeard, ...options });
    this.#soundOf = soundOf;
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  get utterances(): Utterance[] {
    return this.events.filter((event) => event.kind === "utterance");
  }

  get pauses(): Pause[] {
    return this.events.filter((event) => event.kind === "pause");
  }

  feed(probabilities: readonly number[]): void {
    for (const probability of probabilities) {
      this.frames.push({ startSample: this.position, probability });
      const frame = numbered(this.position, this.position + frameSamples).map(this.#soundOf);
      this.position += frameSamples;
      this.cutter.addFrame(frame, probability, (event) => this.events.push(event));
    }
  }

  flush(restSamples = 0): void {
    const rest = numbered(this.position, this.position + restSamples);
    this.position += restSamples;
    this.cutter.flush(rest, (event) => this.events.push(event));
  }
}

function numbered(from: number, to: number): Float32Array {
  return Float32Array.from({ length: to - from }, (_, index) => from + index);
}

export function frames(count: number, probability: number): number[] {
  return Array.from({ length: count }, () => probability);
}

/** True when the samples are those of this span of a numbered stream, none lost and none doubled. */
export function isSpan(samples: Float32Array | undefined, from: number, to: number): boolean {
  return samples?.length === to - from && samples.every((value, index) => value === from + index);
}

/** What an event says of an utterance, whatever kind of event it is. */
export function contentOf(event: Pause | Utterance | undefined): unknown {
  if (event === undefined) return undefined;
  const { startSample, endSample, samples, speechProbability } = event;
  const isWhole = isSpan(samples, startSample, endSample);
  return { startSample, endSample, isWhole, speechProbability };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Calls of which is known where somebody speaks: recorded sentences with pauses between them and
 * noise behind, through G.711. The labels come from the recordings before the noise.
 */
import { joinSamples } from "../src/audio/join-samples.ts";
import { decodeMuLaw, encodeMuLaw } from "../src/audio/g711.ts";
import { levelDbfs, silenceDbfs } from "../src/audio/level.ts";
import { resampleWhole } from "../src/audio/resample-whole.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import { lineRateHz, pinkNoise, whiteNoise } from "./noise.ts";
import type { Span } from "./spans.ts";
import { Xorshift32 } from "./xorshift.ts";

/** A sentence at 8 kHz, from its first to its last audible sample, at 0 dBFS while it is spoken. */
export interface LabelledSentence {
  readonly samples: Float32Array;
  /** Where its words are, in samples at 8 kHz. */
  readonly speech: readonly Span[];
}

export interface LabelledCallOptions {
  readonly sentences: readonly LabelledSentence[];
  readonly noise: "white" | "pink";
  /** Power of the spoken parts over that of the noise, in dB. */
  readonly snrDb: number;
  /** Of the spoken parts. */
  readonly speechDbfs: number;
  readonly sentenceCount: number;
  readonly seed: number;
}

export interface LabelledCall {
  /** 16 kHz. */
  readonly samples: Float32Array;
  /** Where somebody speaks, in samples at 16 kHz; gaps within words are bridged. */
  readonly speech: readonly Span[];
  /** The silences between sentences. */
  readonly pauses: readonly Span[];
}

const frameSamples = lineRateHz / 100;
/** Frames that far below the loudest of the sentence still belong to it. */
const audibleDb = 35;
/** Closures of plosives and the like are no pauses. */
const bridgedFrames = 15;
const leadSamples = lineRateHz;
const pauseStepMs = 100;
const pauseSteps = 15;
const upsampling = whisperSampleRateHz / lineRateHz;

/** Finds the words of a 16 kHz recording without noise, and cuts off the silence around them. */
export function labelSentence(wide: Float32Array): LabelledSentence {
  const recording = resampleWhole(wide, { fromHz: whisperSampleRateHz, toHz: lineRateHz });
  const spans = findSpeech(recording);
  const start = spans[0]?.start ?? 0;
  const end = spans.at(-1)?.end ?? 0;
  const speech = spans.map((span) => ({ start: span.start - start, end: span.end - start }));
  const samples = recording.slice(start, end);
  const spoken = speech.reduce((sum, span) => sum + power(samples, span), 0);
  const length = speech.reduce((sum, span) => sum + span.end - span.start, 0);
  const gain = Math.sqrt(length / Math.max(spoken, Number.MIN_VALUE));
  return { samples: samples.map((sample) => sample * gain), speech };
}

/** The same call for the same options. Pauses are 100, 200, … 1500 ms, evenly mixed. */
export function makeLabelledCall(options: LabelledCallOptions): LabelledCall {
  const random = new Xorshift32(options.seed);
  const { sentences, pausesMs } = arrange(options, random);
  const speech: Span[] = [];
  const pauses: Span[] = [];
  const pieces: Float32Array[] = [];
  let at = leadSamples;
  for (const [index, sentence] of sentences.entries()) {
    speech.push(...sentence.speech.map((span) => shifted(span, at)));
    pieces.push(sentence.samples);
    const end = at + sentence.samples.length;
    const isLast = index === sentences.length - 1;
    const pause = isLast ? leadSamples : ((pausesMs[index] ?? 0) * lineRateHz) / 1000;
    if (!isLast) pauses.push({ start: end, end: end + pause });
    pieces.push(new Float32Array(pause));
    at = end + pause;
  }
  const narrow = joinSamples([new Float32Array(leadSamples), ...pieces]);
  addNoise(narrow, options, random);
  return {
    samples: resampleWhole(decodeMuLaw(encodeMuLaw(narrow)), {
      fromHz: lineRateHz,
      toHz: whisperSampleRateHz,
    }),
    speech: speech.map(upsampled),
    pauses: pauses.map(upsampled),
  };
}

function findSpeech(samples: Float32Array): Span[] {
  const levels: number[] = [];
  for (let start = 0; start + frameSamples <= samples.length; start += frameSamples) {
    levels.push(levelDbfs(samples.subarray(start, start + frameSamples)));
  }
  const threshold = Math.max(silenceDbfs, Math.max(...levels) - audibleDb);
  const spans: { start: number; end: number }[] = [];
  for (const [frame, level] of levels.entries()) {
    if (level <= threshold) continue;
    const start = frame * frameSamples;
    const last = spans.at(-1);
    if (last === undefined || start - last.end > bridgedFrames * frameSamples) {
      spans.push({ start, end: start + frameSamples });
    } else {
      last.end = start + frameSamples;
    }
  }
  return spans;
}

function arrange({ sentences, sentenceCount }: LabelledCallOptions, random: Xorshift32) {
  const chosen: LabelledSentence[] = [];
  const pausesMs: number[] = [];
  while (chosen.length < sentenceCount) chosen.push(...shuffled(sentences, random));
  const steps = Array.from({ length: pauseSteps }, (_, step) => (step + 1) * pauseStepMs);
  while (pausesMs.length < sentenceCount) pausesMs.push(...shuffled(steps, random));
  return { sentences: chosen.slice(0, sentenceCount), pausesMs };
}

function addNoise(samples: Float32Array, options: LabelledCallOptions, random: Xorshift32): void {
  const speechGain = 10 ** (options.speechDbfs / 20);
  const noiseGain = 10 ** ((options.speechDbfs - options.snrDb) / 20);
  const noise = options.noise === "white" ? whiteNoise(random) : pinkNoise(random);
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = (samples[index] ?? 0) * speechGain + noise() * noiseGain;
  }
}

function shuffled<T>(items: readonly T[], random: Xorshift32): T[] {
  const order = items.map((item) => ({ item, key: random.unit() }));
  return order.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
}

function power(samples: Float32Array, { start, end }: Span): number {
  let sum = 0;
  for (let index = start; index < end; index += 1) sum += (samples[index] ?? 0) ** 2;
  return sum;
}

function shifted({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by };
}

function upsampled({ start, end }: Span): Span {
  return { start: start * upsampling, end: end * upsampling };
}

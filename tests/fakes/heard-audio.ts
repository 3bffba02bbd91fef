/** What was heard, as figures: tones, likeness to what was said, gaps. Samples are -1..1. */
import { levelDbfs } from "../../src/audio/level.ts";

const frameMs = 20;

export interface ToneQuestion {
  readonly hz: number;
  readonly rateHz: number;
}

/** The share of each frame's energy that one frequency holds (Goertzel), 0..1, for frames of 20 ms. */
export function toneShares(samples: Float32Array, question: ToneQuestion): Float64Array {
  const frameSamples = (question.rateHz * frameMs) / 1_000;
  const shares = new Float64Array(Math.floor(samples.length / frameSamples));
  for (let frame = 0; frame < shares.length; frame += 1) {
    const start = frame * frameSamples;
    shares[frame] = toneShare(samples.subarray(start, start + frameSamples), question);
  }
  return shares;
}

function toneShare(frame: Float32Array, { hz, rateHz }: ToneQuestion): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rateHz);
  let previous = 0;
  let beforePrevious = 0;
  let energy = 0;
  for (const sample of frame) {
    const state = sample + coefficient * previous - beforePrevious;
    beforePrevious = previous;
    previous = state;
    energy += sample * sample;
  }
  if (energy === 0) return 0;
  const product = coefficient * previous * beforePrevious;
  const power = previous * previous + beforePrevious * beforePrevious - product;
  return Math.min(1, (2 * power) / (energy * frame.length));
}

/** Milliseconds during which hardly anything but the tone was to be heard. */
export function toneMs(samples: Float32Array, question: ToneQuestion): number {
  const clear = 0.9;
  return toneShares(samples, question).filter((share) => share > clear).length * frameMs;
}

export interface Likeness {
  /** Normalised cross-correlation at the best lag, -1..1; lossless G.711 is above 0.99. */
  readonly correlation: number;
  /** Of the envelopes, which also finds sound that was coded or clocked anew. */
  readonly envelopeCorrelation: number;
  /** How much later than in the reference the sound is; negative when its start is cut off. */
  readonly lagSamples: number;
}

export interface LikenessOptions {
  readonly rateHz: number;
  /** Lags up to this, before and after; 4 s by default. */
  readonly maxLagMs?: number;
}

const envelopeMs = 8;
/** A lag at which less than this of the shorter sound overlaps proves nothing. */
const leastOverlap = 0.6;

/** Finds the reference in what was heard: roughly by the envelopes, then sample by sample. */
export function compareSound(
  reference: Float32Array,
  heard: Float32Array,
  { rateHz, maxLagMs = 4_000 }: LikenessOptions,
): Likeness {
  const step = (rateHz * envelopeMs) / 1_000;
  const rough = bestLag(envelope(reference, step), envelope(heard, step), {
    from: -Math.ceil(maxLagMs / envelopeMs),
    to: Math.ceil(maxLagMs / envelopeMs),
  });
  const centre = rough.lag * step;
  const fine = bestLag(reference, heard, { from: centre - step, to: centre + step });
  return {
    correlation: fine.correlation,
    envelopeCorrelation: rough.correlation,
    lagSamples: fine.lag,
  };
}

interface Lag {
  readonly lag: number;
  readonly correlation: number;
}

/** Without an overlap that is long enough: lag 0 and correlation 0. */
function bestLag(
  reference: Float32Array,
  heard: Float32Array,
  range: { readonly from: number; readonly to: number },
): Lag {
  const needed = leastOverlap * Math.min(reference.length, heard.length);
  let best: Lag | undefined;
  for (let lag = range.from; lag <= range.to; lag += 1) {
    const start = Math.max(0, -lag);
    const end = Math.min(reference.length, heard.length - lag);
    if (end - start < needed) continue;
    const a = reference.subarray(start, end);
    const correlation = correlate(a, heard.subarray(start + lag, end + lag));
    if (best === undefined || correlation > best.correlation) best = { lag, correlation };
  }
  return best ?? { lag: 0, correlation: 0 };
}

/** Normalised cross-correlation of two sounds of one length; 0 when one of them is silent. */
function correlate(a: Float32Array, b: Float32Array): number {
  let product = 0;
  let energyA = 0;
  let energyB = 0;
  for (let index = 0; index < a.length; index += 1) {
    const x = a[index] ?? 0;
    const y = b[index] ?? 0;
    product += x * y;
    energyA += x * x;
    energyB += y * y;
  }
  return energyA === 0 || energyB === 0 ? 0 : product / Math.sqrt(energyA * energyB);
}

function envelope(samples: Float32Array, step: number): Float32Array {
  const means = new Float32Array(Math.floor(samples.length / step));
  for (let index = 0; index < means.length; index += 1) {
    let sum = 0;
    for (let at = index * step; at < (index + 1) * step; at += 1) sum += Math.abs(samples[at] ?? 0);
    means[index] = sum / step;
  }
  return means;
}

export interface Gap {
  readonly startMs: number;
  readonly lengthMs: number;
}

export interface GapOptions {
  readonly rateHz: number;
  /** Frames of 20 ms below this level count; -55 by default. */
  readonly belowDbfs?: number;
  /** Shorter ones are no gap; 40 by default. */
  readonly leastMs?: number;
}

/** Stretches of silence between sounds; what lies before the first and after the last is none. */
export function findGaps(samples: Float32Array, options: GapOptions): Gap[] {
  const { rateHz, belowDbfs = -55, leastMs = 40 } = options;
  const frameSamples = (rateHz * frameMs) / 1_000;
  const gaps: Gap[] = [];
  let lastSound: number | undefined;
  for (let frame = 0; (frame + 1) * frameSamples <= samples.length; frame += 1) {
    const start = frame * frameSamples;
    if (levelDbfs(samples.subarray(start, start + frameSamples)) < belowDbfs) continue;
    const lengthMs = lastSound === undefined ? 0 : (frame - lastSound - 1) * frameMs;
    if (lengthMs >= leastMs) gaps.push({ startMs: frame * frameMs - lengthMs, lengthMs });
    lastSound = frame;
  }
  return gaps;
}

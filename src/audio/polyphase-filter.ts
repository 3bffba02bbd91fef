/** Designs the low-pass filter of a rational resampler: a windowed sinc, cut into its phases. */
import { kaiserWindow } from "./kaiser-window.ts";

/**
 * Where the pass band ends and the stop band begins, as shares of the lower of the two Nyquist
 * frequencies. The stop band begins right at Nyquist, so that nothing folds back into the sound.
 */
const passBandEnd = 0.9;
const stopBandStart = 1;

/** Kaiser design figure; images and aliases stay 60 dB down with room for rounding. */
const attenuationDb = 72;

export interface PolyphaseFilter {
  /** Input samples that each output sample is made of; even. */
  readonly tapsPerPhase: number;
  /** One row of taps for each phase, in the order of the input samples they meet. */
  readonly taps: Float64Array;
}

/** How many taps the filter for this ratio has in all, before it is worth designing it. */
export function countTaps(interpolation: number, decimation: number): number {
  return interpolation * tapsPerPhaseOf(interpolation, decimation);
}

/**
 * The filter for a rate ratio `interpolation / decimation` in lowest terms. Row `p` makes the
 * output that lies `p / interpolation` of an input sample after the input sample in its middle. Each
 * row sums to 1, so that a constant stays exactly constant.
 */
export function designPolyphase(interpolation: number, decimation: number): PolyphaseFilter {
  // Equal rates: what comes in goes out.
  if (interpolation === decimation) return { tapsPerPhase: 2, taps: Float64Array.of(1, 0) };
  const tapsPerPhase = tapsPerPhaseOf(interpolation, decimation);
  const taps = new Float64Array(interpolation * tapsPerPhase);
  const half = tapsPerPhase / 2;
  // Frequencies below are in cycles per input sample.
  const lowerNyquist = 0.5 * Math.min(1, interpolation / decimation);
  const cutoff = (lowerNyquist * (passBandEnd + stopBandStart)) / 2;
  for (let phase = 0; phase < interpolation; phase += 1) {
    const row = taps.subarray(phase * tapsPerPhase, (phase + 1) * tapsPerPhase);
    let sum = 0;
    for (let tap = 0; tap < tapsPerPhase; tap += 1) {
      const distance = phase / interpolation + half - 1 - tap;
      const value = sinc(2 * cutoff * distance) * kaiserWindow(distance / half, attenuationDb);
      row[tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < tapsPerPhase; tap += 1) row[tap] = (row[tap] ?? 0) / sum;
  }
  return { tapsPerPhase, taps };
}

/** Kaiser's estimate of the length for the attenuation and the width of the transition band. */
function tapsPerPhaseOf(interpolation: number, decimation: number): number {
  const lowerNyquist = 0.5 * Math.min(1, interpolation / decimation);
  const transition = 2 * Math.PI * lowerNyquist * (stopBandStart - passBandEnd);
  const length = (attenuationDb - 8) / (2.285 * transition);
  return 2 * Math.ceil(length / 2);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

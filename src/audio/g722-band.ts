/** One band of ITU-T G.722: the predictor and the scale factor, which encoder and decoder share. */
import { inverseLog } from "./g722-tables.ts";

/** What differs between the lower and the higher band. */
export interface G722BandShape {
  /** Of the logarithmic scale factor. */
  readonly largestLogScale: number;
  /** Octaves that the inverse logarithm is shifted down by at scale 0. */
  readonly scaleShift: number;
  readonly firstScale: number;
}

export const lowBandShape: G722BandShape = {
  largestLogScale: 18_432,
  scaleShift: 8,
  firstScale: 32,
};

export const highBandShape: G722BandShape = {
  largestLogScale: 22_528,
  scaleShift: 10,
  firstScale: 8,
};

const zeros = 6;

/** Fixed-point arithmetic as the recommendation writes it: 16-bit words, products shifted by 15. */
export class G722Band {
  readonly #shape: G722BandShape;
  /** Scale factor of the quantiser. */
  scale: number;
  /** Prediction of the next sample. */
  estimate = 0;
  #logScale = 0;
  /** The part of the estimate that the six zeros make. */
  #zeroEstimate = 0;
  /** Pole coefficients. */
  #a1 = 0;
  #a2 = 0;
  /** Zero coefficients, and the differences that they meet, newest first. */
  readonly #b = new Int32Array(zeros);
  readonly #differences = new Int32Array(zeros);
  /** Reconstructed sample before the newest. */
  #reconstructed = 0;
  /** The two partly reconstructed samples before the newest. */
  #partial1 = 0;
  #partial2 = 0;

  constructor(shape: G722BandShape) {
    this.#shape = shape;
    this.scale = shape.firstScale;
  }

  reset(): void {
    this.scale = this.#shape.firstScale;
    this.estimate = 0;
    this.#logScale = 0;
    this.#zeroEstimate = 0;
    this.#a1 = 0;
    this.#a2 = 0;
    this.#b.fill(0);
    this.#differences.fill(0);
    this.#reconstructed = 0;
    this.#partial1 = 0;
    this.#partial2 = 0;
  }

  /** Blocks LOGSCL and SCALEL (or LOGSCH and SCALEH). */
  adaptScale(step: number): void {
    const decayed = ((this.#logScale * 127) >> 7) + step;
    const logScale = Math.min(Math.max(decayed, 0), this.#shape.largestLogScale);
    const octave = this.#shape.scaleShift - (logScale >> 11);
    const mantissa = inverseLog[(logScale >> 6) & 31] ?? 0;
    this.#logScale = logScale;
    this.scale = (octave < 0 ? mantissa << -octave : mantissa >> octave) << 2;
  }

  /** Adapts the predictor to a quantised difference, and predicts the next sample. */
  adaptPredictor(difference: number): void {
    const partial = saturate16(this.#zeroEstimate + difference);
    const reconstructed = saturate16(this.estimate + difference);
    this.#adaptPoles(partial);
    this.#zeroEstimate = this.#adaptZeros(difference);
    const poleEstimate = saturate16(
      ((this.#a1 * saturate16(2 * reconstructed)) >> 15) +
        ((this.#a2 * saturate16(2 * this.#reconstructed)) >> 15),
    );
    this.estimate = saturate16(poleEstimate + this.#zeroEstimate);
    this.#reconstructed = reconstructed;
    this.#partial2 = this.#partial1;
    this.#partial1 = partial;
  }

  /** Blocks UPPOL2 and UPPOL1; zero counts as positive. */
  #adaptPoles(partial: number): void {
    const agrees1 = partial < 0 === this.#partial1 < 0;
    const agrees2 = partial < 0 === this.#partial2 < 0;
    const slope = saturate16(this.#a1 << 2);
    const pull = Math.min(agrees1 ? -slope : slope, 32_767) >> 7;
    const drifted = pull + (agrees2 ? 128 : -128) + ((this.#a2 * 32_512) >> 15);
    this.#a2 = Math.min(Math.max(drifted, -12_288), 12_288);
    const next = saturate16((agrees1 ? 192 : -192) + ((this.#a1 * 32_640) >> 15));
    const limit = saturate16(15_360 - this.#a2);
    this.#a1 = Math.min(Math.max(next, -limit), limit);
  }

  /** Blocks UPZERO, DELAYA and FILTEZ in one pass; returns the new estimate of the zeros. */
  #adaptZeros(difference: number): number {
    const b = this.#b;
    const differences = this.#differences;
    const isNegative = difference < 0;
    const step = difference === 0 ? 0 : 128;
    let sum = 0;
    let newer = difference;
    for (let index = 0; index < zeros; index += 1) {
      const older = differences[index] ?? 0;
      const signed = older < 0 === isNegative ? step : -step;
      const coefficient = saturate16((((b[index] ?? 0) * 32_640) >> 15) + signed);
      b[index] = coefficient;
      sum += (coefficient * saturate16(2 * newer)) >> 15;
      differences[index] = newer;
      newer = older;
    }
    return saturate16(sum);
  }
}

export function saturate16(value: number): number {
  if (value > 32_767) return 32_767;
  return value < -32_768 ? -32_768 : value;
}

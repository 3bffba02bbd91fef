/** Doubles the sample rate of a stream with a half-band filter, at a fraction of a general resampler's work. */
import { kaiserWindow } from "./kaiser-window.ts";

/**
 * Taps on each side of a new sample. With 32, sound up to 0.92 of the old Nyquist frequency (3,700 Hz of
 * 8 kHz) keeps its level within 0.02 dB, and its images are at least 60 dB down; a telephone line carries
 * nothing above 3,400 Hz.
 */
const sideTaps = 32;
const attenuationDb = 66;

/** Tap `k` meets the samples `k` before and `k` behind the new one; both sides together sum to 1. */
const taps = designTaps();

/**
 * Of each two output samples one is an input sample, untouched, and the other lies half-way between two of
 * them. The output is `delaySamples` behind the input; a constant stays the same constant.
 */
export class HalfbandUpsampler {
  /** Latency, in input samples. */
  static readonly delaySamples = sideTaps;
  /** The last `2 * sideTaps` samples of the stream, then the block. */
  readonly #input: Float64Array;
  readonly #maxBlock: number;

  /** For blocks of up to `maxBlock` samples. */
  constructor(maxBlock: number) {
    this.#maxBlock = maxBlock;
    this.#input = new Float64Array(2 * sideTaps + maxBlock);
  }

  reset(): void {
    this.#input.fill(0);
  }

  /** Writes twice `count` samples into `out` from `at` on; `count` is limited to `maxBlock`. */
  process(block: Float32Array, count: number, out: Float32Array, at: number): void {
    const input = this.#input;
    const length = Math.min(count, this.#maxBlock);
    const history = 2 * sideTaps;
    for (let index = 0; index < length; index += 1) input[history + index] = block[index] ?? 0;
    for (let index = 0; index < length; index += 1) {
      const left = index + sideTaps;
      let sum = 0;
      for (let tap = 0; tap < sideTaps; tap += 1) {
        sum += (taps[tap] ?? 0) * ((input[left - tap] ?? 0) + (input[left + 1 + tap] ?? 0));
      }
      out[at + 2 * index] = input[left] ?? 0;
      out[at + 2 * index + 1] = sum;
    }
    input.copyWithin(0, length, length + history);
  }
}

function designTaps(): Float64Array {
  const design = Float64Array.from({ length: sideTaps }, (_, tap) => {
    const distance = tap + 0.5;
    const ideal = Math.sin(Math.PI * distance) / (Math.PI * distance);
    return ideal * kaiserWindow(distance / sideTaps, attenuationDb);
  });
  const sum = 2 * design.reduce((total, tap) => total + tap, 0);
  return design.map((tap) => tap / sum);
}

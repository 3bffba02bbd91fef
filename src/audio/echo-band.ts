/** Brings sound down to 8 kHz and evens its spectrum, as the echo guard compares sounds. */
import { kaiserWindow } from "./kaiser-window.ts";

/** Samples at 8 kHz that the guard looks at together: 20 ms. */
export const hopSamples = 160;

/** Speech falls off towards high frequencies; without this its lowest harmonics would decide alone. */
const emphasis = 0.5;
/** To each side of the middle of the filter, of which every second tap is zero. */
const sideTaps = 8;
const attenuationDb = 50;
const taps = designTaps();
const historySamples = 4 * sideTaps;

/** One stream, at 8 or 16 kHz. */
export class EchoBand {
  readonly #isWide: boolean;
  readonly #input: Float64Array;
  #previous = 0;

  constructor(rateHz: 8000 | 16_000) {
    this.#isWide = rateHz === 16_000;
    this.#input = new Float64Array(historySamples + 2 * hopSamples);
  }

  /** Samples of the stream in a hop. */
  get hopInput(): number {
    return this.#isWide ? 2 * hopSamples : hopSamples;
  }

  reset(): void {
    this.#input.fill(0);
    this.#previous = 0;
  }

  /** Turns `hopInput` samples from `at` on into the hop behind `to` of `out`; returns its mean power. */
  process(samples: Float32Array, at: number, out: Float64Array, to: number): number {
    if (this.#isWide) this.#fill(samples, at);
    let previous = this.#previous;
    let sum = 0;
    for (let index = 0; index < hopSamples; index += 1) {
      const sample = this.#isWide ? this.#halve(index) : finite(samples[at + index] ?? 0);
      const even = sample - emphasis * previous;
      previous = sample;
      out[to + index] = even;
      sum += even * even;
    }
    this.#previous = previous;
    return sum / hopSamples;
  }

  #fill(samples: Float32Array, at: number): void {
    const input = this.#input;
    input.copyWithin(0, 2 * hopSamples);
    for (let index = 0; index < 2 * hopSamples; index += 1) {
      input[historySamples + index] = finite(samples[at + index] ?? 0);
    }
  }

  #halve(index: number): number {
    const input = this.#input;
    const middle = historySamples - 2 * sideTaps + 2 * index;
    let sum = 0.5 * (input[middle] ?? 0);
    for (let tap = 0; tap < sideTaps; tap += 1) {
      const distance = 2 * tap + 1;
      sum += (taps[tap] ?? 0) * ((input[middle - distance] ?? 0) + (input[middle + distance] ?? 0));
    }
    return sum;
  }
}

/** One sample that is no number would spoil all that is learnt. */
function finite(sample: number): number {
  return Number.isFinite(sample) ? sample : 0;
}

function designTaps(): Float64Array {
  const design = Float64Array.from({ length: sideTaps }, (_, tap) => {
    const distance = 2 * tap + 1;
    const ideal = Math.sin((Math.PI * distance) / 2) / (Math.PI * distance);
    return ideal * kaiserWindow(distance / (2 * sideTaps), attenuationDb);
  });
  // With the middle tap of a half, a constant stays what it is.
  const sum = 4 * design.reduce((total, tap) => total + tap, 0);
  return design.map((tap) => tap / sum);
}

/** Changes the sample rate of a stream by a rational ratio, with a polyphase low-pass filter. */
import { WildfireError } from "../core/errors.ts";
import { countTaps, designPolyphase } from "./polyphase-filter.ts";

export interface ResamplerOptions {
  readonly fromHz: number;
  readonly toHz: number;
}

/** Filters beyond this many taps come from rates that no recording has. */
const maxTaps = 1 << 22;

/**
 * Streaming resampler. Pass band to 0.9 of the lower Nyquist frequency (ripple below 0.01 dB);
 * images and aliases are at least 75 dB down. The delay of the filter is taken out: output sample k
 * belongs to the time of input sample k * fromHz / toHz, and n input samples give
 * round(n * toHz / fromHz) output samples in all. However the input is cut into blocks, the output
 * is the same, bit for bit. Latency: half the filter, about 5 ms from 8 kHz and 3 ms from 48 kHz.
 */
export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #tapsPerPhase: number;
  readonly #taps: Float64Array;
  /** Input still needed: the history that the next output reaches back to, then new samples. */
  #input: Float32Array;
  #inputFilled = 0;
  #output = new Float32Array(0);
  #outputFilled = 0;
  /** Where in `#input` the taps of the next output begin, and its phase. */
  #first = 0;
  #phase = 0;
  #consumed = 0;
  #produced = 0;

  constructor(options: ResamplerOptions) {
    const { fromHz, toHz } = options;
    requireRate(fromHz);
    requireRate(toHz);
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this.#up = toHz / divisor;
    this.#down = fromHz / divisor;
    if (countTaps(this.#up, this.#down) > maxTaps) {
      throw new WildfireError("audio", `cannot convert ${fromHz} Hz to ${toHz} Hz`, {
        hint: "use a recording with a usual rate such as 8000, 16000, 44100 or 48000 Hz",
      });
    }
    const filter = designPolyphase(this.#up, this.#down);
    this.#tapsPerPhase = filter.tapsPerPhase;
    this.#taps = filter.taps;
    this.#input = new Float32Array(2 * filter.tapsPerPhase);
    this.reset();
  }

  /** Forgets the stream; the next sample is the first of a new one. */
  reset(): void {
    // Silence before the first sample: the first output reaches half a filter back.
    this.#inputFilled = this.#tapsPerPhase / 2 - 1;
    this.#input.fill(0, 0, this.#inputFilled);
    this.#first = 0;
    this.#phase = 0;
    this.#consumed = 0;
    this.#produced = 0;
  }

  /** The output that `input` completes: a view of a reused buffer, valid until the next call. */
  process(input: Float32Array): Float32Array {
    this.#outputFilled = 0;
    this.#consumed += input.length;
    this.#append(input);
    this.#produce(Number.POSITIVE_INFINITY);
    this.#dropUsedInput();
    return this.#output.subarray(0, this.#outputFilled);
  }

  /** The rest of the stream, as if silence followed; then the resampler starts anew. */
  flush(): Float32Array {
    this.#outputFilled = 0;
    const total = Math.round((this.#consumed * this.#up) / this.#down);
    // Every output lies before the end of the input, so half a filter of silence completes them all.
    this.#append(new Float32Array(this.#tapsPerPhase / 2));
    this.#produce(total - this.#produced);
    this.reset();
    return this.#output.subarray(0, this.#outputFilled);
  }

  #append(samples: Float32Array): void {
    const needed = this.#inputFilled + samples.length;
    if (needed > this.#input.length) {
      const grown = new Float32Array(Math.max(needed, 2 * this.#input.length));
      grown.set(this.#input.subarray(0, this.#inputFilled));
      this.#input = grown;
    }
    this.#input.set(samples, this.#inputFilled);
    this.#inputFilled = needed;
  }

  #produce(limit: number): void {
    const available = this.#inputFilled - this.#first - this.#tapsPerPhase + 1;
    this.#reserveOutput(Math.ceil((Math.max(0, available) * this.#up) / this.#down) + 1);
    const lastStart = this.#inputFilled - this.#tapsPerPhase;
    while (this.#first <= lastStart && this.#outputFilled < limit) {
      this.#output[this.#outputFilled] = this.#convolve();
      this.#outputFilled += 1;
      const next = this.#phase + this.#down;
      this.#first += Math.floor(next / this.#up);
      this.#phase = next % this.#up;
    }
    this.#produced += this.#outputFilled;
  }

  #convolve(): number {
    const taps = this.#taps;
    const input = this.#input;
    const first = this.#first;
    const row = this.#phase * this.#tapsPerPhase;
    let sum = 0;
    for (let tap = 0; tap < this.#tapsPerPhase; tap += 1) {
      sum += (taps[row + tap] ?? 0) * (input[first + tap] ?? 0);
    }
    return sum;
  }

  #reserveOutput(samples: number): void {
    if (samples > this.#output.length) this.#output = new Float32Array(samples);
  }

  #dropUsedInput(): void {
    const used = Math.min(this.#first, this.#inputFilled);
    this.#input.copyWithin(0, used, this.#inputFilled);
    this.#inputFilled -= used;
    this.#first -= used;
  }
}

function requireRate(rateHz: number): void {
  if (Number.isInteger(rateHz) && rateHz >= 1_000 && rateHz <= 384_000) return;
  throw new WildfireError("audio", `a sample rate of ${rateHz} Hz cannot be converted`, {
    hint: "use a recording with a rate of 1000 to 384000 Hz",
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

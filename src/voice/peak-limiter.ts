/** Turns sound down before a peak comes, so that no sample passes the ceiling and none is bent. */

/** 1 dB below full scale. */
export const ceiling = 10 ** (-1 / 20);

/**
 * The gain is the average, over the look-ahead, of the least gain that any sample within the
 * look-ahead needs: smooth, and never more than the sample that comes out needs. The delay is the
 * look-ahead less one sample; memory is fixed.
 */
export class PeakLimiter {
  readonly #window: number;
  readonly #samples: Float32Array;
  /** The needed gains within the window that no later one undercuts: positions and values, a ring. */
  readonly #leastAt: Float64Array;
  readonly #leastGain: Float64Array;
  #leastFirst = 0;
  #leastCount = 0;
  readonly #minima: Float64Array;
  #sum: number;
  #at = 0;

  constructor(lookAheadSamples: number) {
    this.#window = Math.max(1, Math.round(lookAheadSamples));
    this.#samples = new Float32Array(this.#window);
    this.#leastAt = new Float64Array(this.#window);
    this.#leastGain = new Float64Array(this.#window);
    this.#minima = new Float64Array(this.#window).fill(1);
    this.#sum = this.#window;
  }

  /** In place: what comes out is what went in a look-ahead ago. */
  process(samples: Float32Array): void {
    for (let index = 0; index < samples.length; index += 1) {
      samples[index] = this.#next(samples[index] ?? 0);
    }
  }

  /** Forgets what is in it; silence comes first. */
  reset(): void {
    this.#samples.fill(0);
    this.#minima.fill(1);
    this.#sum = this.#window;
    this.#leastFirst = 0;
    this.#leastCount = 0;
    this.#at = 0;
  }

  #next(sample: number): number {
    const window = this.#window;
    const magnitude = Math.abs(sample);
    const least = this.#leastOf(magnitude > ceiling ? ceiling / magnitude : 1);
    const slot = this.#at % window;
    this.#sum += least - (this.#minima[slot] ?? 1);
    this.#minima[slot] = least;
    this.#samples[slot] = sample;
    this.#at += 1;
    const out = (this.#samples[this.#at % window] ?? 0) * (this.#sum / window);
    // Sums of floating-point numbers drift by less than a step of 16 bits; the ceiling is a promise.
    return Math.min(ceiling, Math.max(-ceiling, out));
  }

  /** The least of the last `window` gains, this one included. */
  #leastOf(gain: number): number {
    const window = this.#window;
    while (
      this.#leastCount > 0 &&
      (this.#leastGain[this.#ring(this.#leastCount - 1)] ?? 0) >= gain
    ) {
      this.#leastCount -= 1;
    }
    if (this.#leastCount > 0 && (this.#leastAt[this.#leastFirst] ?? 0) <= this.#at - window) {
      this.#leastFirst = (this.#leastFirst + 1) % window;
      this.#leastCount -= 1;
    }
    const place = this.#ring(this.#leastCount);
    this.#leastAt[place] = this.#at;
    this.#leastGain[place] = gain;
    this.#leastCount += 1;
    return this.#leastGain[this.#leastFirst] ?? gain;
  }

  #ring(offset: number): number {
    return (this.#leastFirst + offset) % this.#window;
  }
}

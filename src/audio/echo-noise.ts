/** The noise of a caller's line: how loud it is, and pieces of it that stand in for sound that is taken out. */

/** The quietest of so many hops, 1.5 s, is the level of the noise. */
const windowHops = 75;
/** Lines have been seen that send digital silence between words; there is no use in believing them. */
const leastPower = 3e-8;
/** What is no louder than this many times the noise is noise: that of hops varies by itself. */
const noiseShare = 1.6;
/** Hops of noise that are kept. */
const keptHops = 12;

export class EchoNoise {
  readonly #powers = new Float64Array(windowHops);
  readonly #hopSamples: number;
  readonly #bank: Float32Array;
  #heard = 0;
  #kept = 0;
  #seed = 1;
  #power = leastPower;

  constructor(hopSamples: number) {
    this.#hopSamples = hopSamples;
    this.#bank = new Float32Array(keptHops * hopSamples);
  }

  /** Of a quiet hop. */
  get power(): number {
    return this.#power;
  }

  /** Learns how loud a hop is that is not the caller's voice. */
  measure(power: number): void {
    this.#powers[this.#heard % windowHops] = power;
    this.#heard += 1;
    let least = power;
    const count = Math.min(this.#heard, windowHops);
    for (let index = 0; index < count; index += 1)
      least = Math.min(least, this.#powers[index] ?? 0);
    this.#power = Math.max(least, leastPower);
  }

  /** Keeps a hop in which no echo is expected, if it is noise. */
  keep(power: number, samples: Float32Array, at: number): void {
    if (power > noiseShare * this.#power) return;
    const from = (this.#kept % keptHops) * this.#hopSamples;
    for (let index = 0; index < this.#hopSamples; index += 1) {
      this.#bank[from + index] = samples[at + index] ?? 0;
    }
    this.#kept += 1;
  }

  /** Puts noise in the place of a hop. Each begins elsewhere in what is kept: a repeated piece would hum. */
  replace(samples: Float32Array, at: number): void {
    const bank = this.#bank;
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) | 0;
    const from = (this.#seed >>> 8) % bank.length;
    for (let index = 0; index < this.#hopSamples; index += 1) {
      samples[at + index] = bank[(from + index) % bank.length] ?? 0;
    }
  }
}

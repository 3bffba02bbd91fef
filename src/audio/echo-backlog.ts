/** Sound that was taken out while nobody could say whose it was, for when it turns out to be the caller's. */

/** 300 ms. */
const keptHops = 15;

export class EchoBacklog {
  readonly #hopSamples: number;
  readonly #samples: Float32Array;
  readonly #taken: Float32Array;
  readonly #isSound = new Uint8Array(keptHops);
  #hops = 0;

  constructor(hopSamples: number) {
    this.#hopSamples = hopSamples;
    this.#samples = new Float32Array(keptHops * hopSamples);
    this.#taken = new Float32Array(keptHops * hopSamples);
  }

  /** Keeps a hop, of sound or of noise; the oldest makes room. */
  keep(samples: Float32Array, at: number, isSound: boolean): void {
    const size = this.#hopSamples;
    if (this.#hops === keptHops) {
      this.#samples.copyWithin(0, size);
      this.#isSound.copyWithin(0, 1);
      this.#hops -= 1;
    }
    this.#samples.set(samples.subarray(at, at + size), this.#hops * size);
    this.#isSound[this.#hops] = isSound ? 1 : 0;
    this.#hops += 1;
  }

  forget(): void {
    this.#hops = 0;
  }

  /** What is kept from the hop before the first sound on, valid until it is asked for again; nothing is kept then. */
  take(): Float32Array {
    const hops = this.#hops;
    let first = 0;
    while (first < hops && this.#isSound[first] === 0) first += 1;
    const from = Math.max(0, first - 1) * this.#hopSamples;
    const length = hops * this.#hopSamples - from;
    this.#taken.set(this.#samples.subarray(from, from + length));
    this.#hops = 0;
    return this.#taken.subarray(0, length);
  }
}

/** Pseudo-random numbers that are the same in every run (Marsaglia's xorshift with 32 bits). */

export class Xorshift32 {
  #state: number;

  /** Any seed but 0, which the generator would never leave. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
    if (this.#state === 0) throw new RangeError("seed is 0");
  }

  /** 1 up to 2^32 - 1. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }

  /** 0 up to, not including, 1. */
  unit(): number {
    return (this.next() - 1) / 0xffff_ffff;
  }
}

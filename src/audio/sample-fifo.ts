/** Samples that wait for their turn, 16 bits each; memory grows with what waits, up to a limit. */

const fullScale = 32_767;

export class SampleFifo {
  readonly #limit: number;
  #ring: Int16Array;
  #start = 0;
  #length = 0;
  #dropped = 0;

  /** Begins with room for `usual` samples. */
  constructor(usual: number, limit: number) {
    this.#ring = new Int16Array(Math.min(usual, limit));
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** Samples that found no room, since it was made. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes the first `count` samples, which are within -1..1, as many as there is room for. */
  push(samples: Float32Array, count: number): void {
    const taken = Math.min(count, this.#limit - this.#length);
    this.#dropped += count - taken;
    if (this.#length + taken > this.#ring.length) this.#grow(this.#length + taken);
    const ring = this.#ring;
    let end = (this.#start + this.#length) % ring.length;
    for (let index = 0; index < taken; index += 1) {
      ring[end] = Math.round((samples[index] ?? 0) * fullScale);
      end = end + 1 === ring.length ? 0 : end + 1;
    }
    this.#length += taken;
  }

  /** Moves up to `count` samples to the beginning of `out`; returns how many. */
  shift(out: Float32Array, count: number): number {
    const taken = this.peek(out, count);
    if (taken > 0) this.#start = (this.#start + taken) % this.#ring.length;
    this.#length -= taken;
    return taken;
  }

  /** Copies up to `count` samples to the beginning of `out`; returns how many. They stay. */
  peek(out: Float32Array, count: number): number {
    const copied = Math.min(count, this.#length);
    const ring = this.#ring;
    let start = this.#start;
    for (let index = 0; index < copied; index += 1) {
      out[index] = (ring[start] ?? 0) / fullScale;
      start = start + 1 === ring.length ? 0 : start + 1;
    }
    return copied;
  }

  clear(): void {
    this.#start = 0;
    this.#length = 0;
  }

  #grow(needed: number): void {
    const grown = new Int16Array(Math.min(this.#limit, Math.max(needed, 2 * this.#ring.length)));
    for (let index = 0; index < this.#length; index += 1) {
      grown[index] = this.#ring[(this.#start + index) % this.#ring.length] ?? 0;
    }
    this.#ring = grown;
    this.#start = 0;
  }
}

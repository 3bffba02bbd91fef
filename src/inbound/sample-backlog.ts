/** The latest part of an endless sample stream, addressed by position and bounded in length. */

export class SampleBacklog {
  readonly #ring: Float32Array;
  #start = 0;
  #end = 0;
  #block = new Float32Array(0);

  constructor(limitSamples: number) {
    this.#ring = new Float32Array(limitSamples);
  }

  /** Position of the oldest sample that is still here. */
  get start(): number {
    return this.#start;
  }

  /** Position behind the newest sample. */
  get end(): number {
    return this.#end;
  }

  /** The oldest samples make room for what does not fit: `start` tells. */
  append(samples: Float32Array): void {
    const limit = this.#ring.length;
    const kept = samples.length > limit ? samples.subarray(samples.length - limit) : samples;
    this.#end += samples.length - kept.length;
    const at = this.#end % limit;
    const head = Math.min(kept.length, limit - at);
    this.#ring.set(kept.subarray(0, head), at);
    this.#ring.set(kept.subarray(head), 0);
    this.#end += kept.length;
    this.#start = Math.max(this.#start, this.#end - limit);
  }

  /** Up to `count` samples from `position` on, in a reused buffer; undefined when there are none. */
  read(position: number, count: number): Float32Array | undefined {
    const length = Math.min(count, this.#end - position);
    if (length <= 0 || position < this.#start) return undefined;
    if (this.#block.length < length) this.#block = new Float32Array(count);
    const at = position % this.#ring.length;
    const head = Math.min(length, this.#ring.length - at);
    this.#block.set(this.#ring.subarray(at, at + head), 0);
    this.#block.set(this.#ring.subarray(0, length - head), head);
    return this.#block.subarray(0, length);
  }

  forgetBefore(position: number): void {
    this.#start = Math.min(this.#end, Math.max(this.#start, position));
  }
}

/** The latest part of an endless sample stream, addressed by position and bounded in length. */

/** Half a second at 16 kHz: memory is taken and given back in such blocks, so that a call needs little. */
const blockSamples = 8000;
/** Whisper settles once a second while nobody speaks: so many blocks go round without a new one. */
const maxSpare = 3;

export class SampleBacklog {
  readonly #limit: number;
  /** Blocks of consecutive positions; the first one holds `#start`. */
  readonly #blocks: Float32Array[] = [];
  /** Position of the first sample of the first block: a multiple of the block length. */
  #origin = 0;
  #start = 0;
  #end = 0;
  readonly #spare: Float32Array[] = [];
  #result = new Float32Array(0);

  constructor(limitSamples: number) {
    this.#limit = limitSamples;
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
    let taken = 0;
    while (taken < samples.length) {
      const offset = (this.#end - this.#origin) % blockSamples;
      const count = Math.min(samples.length - taken, blockSamples - offset);
      const isWhole = count === samples.length;
      this.#blockAt(this.#end).set(
        isWhole ? samples : samples.subarray(taken, taken + count),
        offset,
      );
      taken += count;
      this.#end += count;
      this.forgetBefore(this.#end - this.#limit);
    }
  }

  /** Up to `count` samples from `position` on, in a buffer that is valid until the next call; undefined when there are none. */
  read(position: number, count: number): Float32Array | undefined {
    const length = Math.min(count, this.#end - position);
    if (length <= 0 || position < this.#start) return undefined;
    if (this.#result.length !== length) this.#result = new Float32Array(length);
    let copied = 0;
    while (copied < length) {
      const block = this.#blockAt(position + copied);
      const offset = (position + copied - this.#origin) % blockSamples;
      const part = Math.min(length - copied, blockSamples - offset);
      this.#result.set(block.subarray(offset, offset + part), copied);
      copied += part;
    }
    return this.#result;
  }

  forgetBefore(position: number): void {
    this.#start = Math.min(this.#end, Math.max(this.#start, position));
    while (this.#blocks.length > 0 && this.#start - this.#origin >= blockSamples) {
      const block = this.#blocks.shift();
      if (block !== undefined && this.#spare.length < maxSpare) this.#spare.push(block);
      this.#origin += blockSamples;
    }
  }

  /** The block that a position from `start` to `end` lies in; one more is made behind the last one. */
  #blockAt(position: number): Float32Array {
    const known = this.#blocks[Math.floor((position - this.#origin) / blockSamples)];
    if (known !== undefined) return known;
    const block = this.#spare.pop() ?? new Float32Array(blockSamples);
    this.#blocks.push(block);
    return block;
  }
}

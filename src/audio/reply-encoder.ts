/** What a caller hears: samples of any rate in, encoded frames out, one for each packet of the line. */
import { createReplyCodec, type ReplyCodec, type ReplyFormat } from "./reply-codec.ts";
import { Resampler } from "./resample.ts";
import { SampleFifo } from "./sample-fifo.ts";
import { limitSoftly } from "./soft-limiter.ts";

export interface ReplyEncoderOptions {
  readonly format: ReplyFormat;
  /** Sound in each frame, 10 to 60 ms; 20 unless given. */
  readonly ptimeMs?: number | undefined;
  /** More than this never waits: what does not fit is dropped and counted. 60 s unless given. */
  readonly limitMs?: number | undefined;
}

/** What waits as a rule; memory for more is taken when it comes. */
const usualMs = 2000;
const fadeMs = 5;
/** Input is worked on in pieces of this length, so that the memory for them is fixed. */
const pieceSamples = 1024;

/** The sending side of one call, for one codec and frame length. */
export class ReplyEncoder {
  readonly #codec: ReplyCodec;
  readonly #fifo: SampleFifo;
  readonly #samples: Float32Array;
  readonly #frame: Uint8Array;
  readonly #fadeSamples: number;
  readonly #piece = new Float32Array(pieceSamples);
  #resampler: Resampler | undefined;
  #rateHz: number;
  /** Samples that the resampler has taken and not given yet. */
  #isInResampler = false;
  /** What is left may be less than a frame, and is played all the same. */
  #isFinished = false;
  #isDrained = false;

  constructor(options: ReplyEncoderOptions) {
    const { format, ptimeMs = 20, limitMs = 60_000 } = options;
    this.#codec = createReplyCodec(format);
    const samplesPerMs = this.#codec.rateHz / 1000;
    this.#rateHz = this.#codec.rateHz;
    this.#fifo = new SampleFifo(usualMs * samplesPerMs, limitMs * samplesPerMs);
    this.#samples = new Float32Array(ptimeMs * samplesPerMs);
    this.#frame = new Uint8Array(this.#samples.length * this.#codec.bytesPerSample);
    this.#fadeSamples = fadeMs * samplesPerMs;
  }

  /** Sound that was written and not taken yet. */
  get pendingMs(): number {
    return (this.#fifo.length * 1000) / this.#codec.rateHz;
  }

  /** Sound that found no room, since the encoder was made. */
  get droppedMs(): number {
    return (this.#fifo.dropped * 1000) / this.#codec.rateHz;
  }

  /** True once when all that was written has been taken or flushed. */
  takeDrained(): boolean {
    const isDrained = this.#isDrained;
    this.#isDrained = false;
    return isDrained;
  }

  /** Takes samples of -1..1; what is louder is limited softly. Another rate than before is a new stream. */
  write(samples: Float32Array, rateHz: number): void {
    if (rateHz !== this.#rateHz) this.#changeRate(rateHz);
    this.#isFinished = false;
    this.#isDrained = false;
    for (let at = 0; at < samples.length; at += pieceSamples) this.#writePiece(samples, at);
  }

  /** Nothing follows for now: what is left of a frame is filled up with silence, so that it is played. */
  finish(): void {
    this.#drainResampler();
    this.#isFinished = true;
    if (this.#fifo.length === 0) this.#isFinished = false;
  }

  /** One frame, in a reused buffer; undefined when there is none. */
  next(): Uint8Array | undefined {
    const wanted = this.#samples.length;
    if (this.#fifo.length < wanted && !this.#isFinished) return undefined;
    const taken = this.#fifo.shift(this.#samples, wanted);
    this.#samples.fill(0, taken);
    if (this.#fifo.length === 0) this.#emptied();
    this.#codec.encode(this.#samples, this.#frame);
    return this.#frame;
  }

  /** Forgets what waits, but for a fade of 5 ms, which is the next and last frame. */
  flush(): void {
    const taken = this.#fifo.shift(this.#samples, this.#fadeSamples);
    this.#fifo.clear();
    this.#resampler?.reset();
    this.#isInResampler = false;
    for (let index = 0; index < taken; index += 1) {
      const share = 1 - (index + 1) / taken;
      this.#samples[index] = (this.#samples[index] ?? 0) * share;
    }
    this.#fifo.push(this.#samples, taken);
    this.#isFinished = taken > 0;
  }

  #changeRate(rateHz: number): void {
    this.#drainResampler();
    const toHz = this.#codec.rateHz;
    this.#resampler = rateHz === toHz ? undefined : new Resampler({ fromHz: rateHz, toHz });
    this.#rateHz = rateHz;
  }

  #writePiece(samples: Float32Array, at: number): void {
    const piece = this.#piece;
    const count = Math.min(samples.length - at, pieceSamples);
    for (let index = 0; index < count; index += 1) {
      const sample = samples[at + index] ?? 0;
      // One that is no number would spoil all that the filter makes of its neighbours.
      piece[index] = Number.isFinite(sample) ? sample : 0;
    }
    if (this.#resampler === undefined) {
      this.#keep(piece, count);
      return;
    }
    this.#isInResampler = true;
    const whole = count === pieceSamples ? piece : piece.subarray(0, count);
    const resampled = this.#resampler.process(whole);
    this.#keep(resampled, resampled.length);
  }

  #drainResampler(): void {
    if (!this.#isInResampler) return;
    this.#isInResampler = false;
    const resampled = this.#resampler?.flush();
    if (resampled !== undefined) this.#keep(resampled, resampled.length);
  }

  /** Limits only now, since a filter may make peaks of its own. */
  #keep(samples: Float32Array, count: number): void {
    for (let index = 0; index < count; index += 1) {
      samples[index] = limitSoftly(samples[index] ?? 0);
    }
    this.#fifo.push(samples, count);
  }

  #emptied(): void {
    this.#isFinished = false;
    this.#isDrained = true;
  }
}

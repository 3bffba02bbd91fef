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
  /** Sound that the resampler has taken and not given yet, in samples of the line. */
  #inResampler = 0;
  #isInResampler = false;
  /** What is left may be less than a frame, and is played all the same. */
  #isFinished = false;
  #isDrained = false;
  /** What comes next has faded out already: it fades in when it is played. */
  #isFadedOut = false;

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

  /** Of the line. */
  get rateHz(): number {
    return this.#codec.rateHz;
  }

  /** What the frame sounds like that was made last; valid until the next one. */
  get samples(): Float32Array {
    return this.#samples;
  }

  /** Sound that was written and not taken yet. */
  get pendingMs(): number {
    const waiting = this.#fifo.length + Math.max(0, this.#inResampler);
    return (waiting * 1000) / this.#codec.rateHz;
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
    if (this.#isFadedOut) this.#fadeIn(taken);
    if (this.#fifo.length === 0) this.#emptied();
    return this.#encode(taken);
  }

  /**
   * The frame of a pause: 5 ms in which what comes next fades out, then silence. Nothing is taken, and
   * the next frame fades in. Undefined when nothing waits.
   */
  fadeOut(): Uint8Array | undefined {
    const copied = this.#fifo.peek(this.#samples, this.#fadeSamples);
    if (copied === 0) return undefined;
    this.#isFadedOut = true;
    this.#ramp(copied);
    return this.#encode(copied);
  }

  /** Forgets what waits, but for a fade of 5 ms, which is the next and last frame. */
  flush(): void {
    const taken = this.#isFadedOut ? 0 : this.#fifo.shift(this.#samples, this.#fadeSamples);
    this.clear();
    if (taken === 0) return;
    this.#ramp(taken);
    this.#fifo.push(this.#samples, taken);
    this.#isFinished = true;
    this.#isDrained = false;
  }

  /** Forgets all that waits: for sound of which nothing is being heard. */
  clear(): void {
    if (this.#fifo.length > 0) this.#emptied();
    this.#fifo.clear();
    this.#resampler?.reset();
    this.#isInResampler = false;
    this.#inResampler = 0;
    this.#isFinished = false;
    this.#isFadedOut = false;
  }

  /** Gives all that waits to an encoder of another format, in front of what will be written there. */
  moveTo(other: ReplyEncoder): void {
    this.#drainResampler();
    const { rateHz } = this.#codec;
    const piece = new Float32Array(pieceSamples);
    let taken = this.#fifo.shift(piece, pieceSamples);
    while (taken > 0) {
      other.write(piece.subarray(0, taken), rateHz);
      taken = this.#fifo.shift(piece, pieceSamples);
    }
    if (this.#isFinished) other.finish();
    other.#isFadedOut = this.#isFadedOut;
    this.clear();
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
    this.#inResampler += (count * this.#codec.rateHz) / this.#rateHz - resampled.length;
    this.#keep(resampled, resampled.length);
  }

  #drainResampler(): void {
    if (!this.#isInResampler) return;
    this.#isInResampler = false;
    this.#inResampler = 0;
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

  /** The samples of this frame, the rest of it silent. */
  #encode(count: number): Uint8Array {
    this.#samples.fill(0, count);
    this.#codec.encode(this.#samples, this.#frame);
    return this.#frame;
  }

  /** Fades out what is at the beginning of the frame. */
  #ramp(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const share = 1 - (index + 1) / count;
      this.#samples[index] = (this.#samples[index] ?? 0) * share;
    }
  }

  #fadeIn(count: number): void {
    this.#isFadedOut = false;
    const faded = Math.min(count, this.#fadeSamples);
    for (let index = 0; index < faded; index += 1) {
      this.#samples[index] = ((this.#samples[index] ?? 0) * index) / faded;
    }
  }

  #emptied(): void {
    this.#isFinished = false;
    this.#isDrained = true;
  }
}

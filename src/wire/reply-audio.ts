/**
 * The reply-audio stream (TCP 9002 + id), kokoro to outbound: chunks of float32 samples, each with its
 * rate and number, and the length 0 behind the last one. The HELLO that outbound sends on this
 * connection is that of the caller-audio stream.
 */
import { describeLength, writeLength } from "./length-prefix.ts";

/** Longest chunk, in bytes. */
const maxReplyChunkBytes = 10 * 1024 * 1024;

/** Rates that occur, all of them multiples of a step that keeps the filters of a resampler small. */
const lowestRateHz = 8_000;
const highestRateHz = 192_000;
const rateStepHz = 25;

/** Length, sample rate and chunk id. */
const headerBytes = 12;
const lengthBytes = 4;
const sampleBytes = 4;

/** Samples are handed on in pieces of at most this many, which is all the memory of a connection. */
const pieceSamples = 4_096;

export interface ReplyChunkHeader {
  /** From 1, rising within a stream. */
  readonly chunkId: number;
  readonly rateHz: number;
  readonly sampleCount: number;
}

/** What comes out of the decoder, in stream order. After `violation` nothing follows. */
export interface ReplyAudioSink {
  /** A chunk begins whose samples will be handed on. */
  chunk(header: ReplyChunkHeader): void;
  /**
   * Samples of this chunk, as they come: not yet checked for NaN, infinities or range. A view of a
   * reused buffer, valid during the call only; may be changed in place.
   */
  samples(samples: Float32Array): void;
  /** A chunk whose id is not above that of the one before it: its samples are skipped. */
  repeated(header: ReplyChunkHeader): void;
  /** The stream is over. What may follow on the connection is a new one, whose ids begin anew. */
  end(): void;
  /** The peer broke the protocol; the reason quotes the number that was wrong. */
  violation(reason: string): void;
}

type State = "header" | "samples" | "skipping" | "done";

/** Decodes one connection. Bytes may come split and joined in any way; memory is fixed. */
export class ReplyAudioDecoder {
  readonly #header = new Uint8Array(headerBytes);
  readonly #headerView = new DataView(this.#header.buffer);
  readonly #piece = new Float32Array(pieceSamples);
  readonly #pieceBytes = new Uint8Array(this.#piece.buffer);
  #state: State = "header";
  #headerFilled = 0;
  #pieceFilled = 0;
  /** Bytes of the current chunk that have not come yet. */
  #missingBytes = 0;
  #lastChunkId = 0;

  /** True after a violation, or `stop`; further bytes are ignored. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Ends decoding from within a sink method too: the rest of that push is ignored. */
  stop(): void {
    this.#state = "done";
  }

  push(bytes: Uint8Array, sink: ReplyAudioSink): void {
    let at = 0;
    while (at < bytes.length && this.#state !== "done") at += this.#step(bytes, at, sink);
    this.#deliver(sink);
  }

  /** Takes what it can use from `at` on; returns how many bytes that were. */
  #step(bytes: Uint8Array, at: number, sink: ReplyAudioSink): number {
    if (this.#state === "header") return this.#takeHeader(bytes, at, sink);
    const count = Math.min(this.#missingBytes, bytes.length - at);
    return this.#state === "skipping" ? this.#skip(count) : this.#take(bytes, at, count, sink);
  }

  /** The zero that ends a stream stands alone, so nothing behind a length is waited for before. */
  #takeHeader(bytes: Uint8Array, at: number, sink: ReplyAudioSink): number {
    const wanted = this.#headerFilled < lengthBytes ? lengthBytes : headerBytes;
    const count = Math.min(wanted - this.#headerFilled, bytes.length - at);
    this.#header.set(bytes.subarray(at, at + count), this.#headerFilled);
    this.#headerFilled += count;
    if (this.#headerFilled === lengthBytes) this.#onLength(sink);
    else if (this.#headerFilled === headerBytes) this.#onHeader(sink);
    return count;
  }

  #onLength(sink: ReplyAudioSink): void {
    const length = this.#headerView.getUint32(0);
    if (length === 0) {
      this.#headerFilled = 0;
      this.#lastChunkId = 0;
      sink.end();
    } else if (length > maxReplyChunkBytes) {
      const shown = describeLength(length);
      this.#violate(`chunk length ${shown} is more than ${maxReplyChunkBytes} bytes`, sink);
    } else if (length % sampleBytes !== 0) {
      this.#violate(`chunk length ${length} is not a multiple of ${sampleBytes} bytes`, sink);
    }
  }

  #onHeader(sink: ReplyAudioSink): void {
    const length = this.#headerView.getUint32(0);
    const rateHz = this.#headerView.getUint32(4);
    const chunkId = this.#headerView.getUint32(8);
    if (!isReplyRate(rateHz)) {
      const allowed = `${lowestRateHz} to ${highestRateHz} Hz in steps of ${rateStepHz}`;
      this.#violate(`sample rate ${describeLength(rateHz)} is not ${allowed}`, sink);
      return;
    }
    this.#headerFilled = 0;
    this.#missingBytes = length;
    const header: ReplyChunkHeader = { chunkId, rateHz, sampleCount: length / sampleBytes };
    const isRepeated = chunkId <= this.#lastChunkId;
    this.#state = isRepeated ? "skipping" : "samples";
    if (isRepeated) {
      sink.repeated(header);
      return;
    }
    this.#lastChunkId = chunkId;
    sink.chunk(header);
  }

  #skip(count: number): number {
    this.#missingBytes -= count;
    if (this.#missingBytes === 0) this.#state = "header";
    return count;
  }

  #take(bytes: Uint8Array, at: number, available: number, sink: ReplyAudioSink): number {
    const count = Math.min(available, this.#pieceBytes.length - this.#pieceFilled);
    this.#pieceBytes.set(bytes.subarray(at, at + count), this.#pieceFilled);
    this.#pieceFilled += count;
    this.#missingBytes -= count;
    const isWhole = this.#missingBytes === 0;
    if (isWhole || this.#pieceFilled === this.#pieceBytes.length) this.#deliver(sink);
    if (isWhole && this.#state === "samples") this.#state = "header";
    return count;
  }

  /** Hands on the whole samples that are here; the bytes of one that was cut stay. */
  #deliver(sink: ReplyAudioSink): void {
    if (this.#state === "done") return;
    const count = Math.floor(this.#pieceFilled / sampleBytes);
    if (count === 0) return;
    sink.samples(count === pieceSamples ? this.#piece : this.#piece.subarray(0, count));
    this.#pieceBytes.copyWithin(0, count * sampleBytes, this.#pieceFilled);
    this.#pieceFilled -= count * sampleBytes;
  }

  #violate(reason: string, sink: ReplyAudioSink): void {
    this.stop();
    sink.violation(reason);
  }
}

/** Whether a chunk may have this sample rate. */
export function isReplyRate(rateHz: number): boolean {
  return rateHz >= lowestRateHz && rateHz <= highestRateHz && rateHz % rateStepHz === 0;
}

/** What `encodeReplyChunk` puts in front of the samples. */
export interface ReplyChunkLabel {
  readonly rateHz: number;
  readonly chunkId: number;
}

/** Header and samples in one buffer; RangeError for what a receiver would refuse. */
export function encodeReplyChunk(samples: Float32Array, label: ReplyChunkLabel): Uint8Array {
  const bytes = samples.byteLength;
  if (bytes < sampleBytes || bytes > maxReplyChunkBytes) {
    throw new RangeError(`chunk of ${bytes} bytes is not ${sampleBytes}..${maxReplyChunkBytes}`);
  }
  if (!isReplyRate(label.rateHz)) throw new RangeError(`sample rate ${label.rateHz} Hz is refused`);
  const frame = new Uint8Array(headerBytes + bytes);
  writeLength(frame, bytes);
  const view = new DataView(frame.buffer);
  view.setUint32(4, label.rateHz);
  view.setUint32(8, label.chunkId);
  frame.set(new Uint8Array(samples.buffer, samples.byteOffset, bytes), headerBytes);
  return frame;
}

/** Ends a stream: the length 0. Not to be changed. */
export const replyEndMarker: Uint8Array = Uint8Array.of(0, 0, 0, 0);

/** The caller-audio stream (TCP 9001 + id): HELLO, then float32 chunks, then an end marker. */
import {
  allOnesLength,
  describeLength,
  encodeLengthPrefixedText,
  LengthPrefixReader,
  writeLength,
} from "./length-prefix.ts";

/** Samples per second of caller audio. */
export const callerAudioRateHz = 16_000;

/** Longest HELLO of a caller-audio stream, in bytes. */
const maxAudioHelloBytes = 1_000;

/** Longest chunk, in bytes: 500,000 samples, a little over 31 s. */
const maxAudioChunkBytes = 2_000_000;

/** Which of the two lengths ended the stream; peers send either. */
export type EndMarker = "zero" | "all-ones";

/** What comes out of the decoder, in stream order. After `end` or `violation` nothing follows. */
export interface AudioFrameSink {
  hello(text: string): void;
  /** A chunk was announced; its samples come once all of them have arrived. */
  chunkDeclared(sampleCount: number): void;
  /**
   * One whole chunk, exactly as sent: not yet checked for NaN, infinities or range. A view of a
   * reused buffer, valid until the next push; may be changed in place.
   */
  samples(samples: Float32Array): void;
  end(marker: EndMarker): void;
  /** The peer broke the protocol; the reason quotes the number that was wrong. */
  violation(reason: string): void;
}

type State = "hello-length" | "hello" | "chunk-length" | "chunk" | "done";

/**
 * Decodes one connection. Bytes may come split and joined in any way. Memory follows what arrived,
 * up to one chunk of the largest size, and is kept for the life of the connection; chunks of equal
 * size in a row allocate nothing but a view of the pushed bytes. Floats are taken over as the machine stores them, since every
 * machine that runs Bun is little-endian like the wire.
 */
export class AudioFrameDecoder {
  readonly #reader = new LengthPrefixReader(maxAudioChunkBytes);
  #state: State = "hello-length";
  #payloadBytes = 0;
  #samples = new Float32Array(0);

  /** True after an end marker, a violation, or `stop`; further bytes are ignored. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Ends decoding from within a sink method too: the rest of that push is ignored. */
  stop(): void {
    this.#state = "done";
  }

  /**
   * The connection is gone: hands on the whole samples of a chunk that will never be complete, so
   * that nothing that arrived is lost, and ends decoding.
   */
  abandon(sink: AudioFrameSink): void {
    const wasInChunk = this.#state === "chunk";
    this.#state = "done";
    const count = Math.floor(this.#reader.takeUnfinished() / 4);
    if (wasInChunk && count > 0)
      sink.samples(new Float32Array(this.#reader.payload.buffer, 0, count));
  }

  push(bytes: Uint8Array, sink: AudioFrameSink): void {
    this.#reader.feed(bytes);
    while (this.#state !== "done" && this.#step(sink));
    this.#reader.release();
  }

  /** Handles one length or payload; false when it needs more bytes. */
  #step(sink: AudioFrameSink): boolean {
    if (this.#state === "hello" || this.#state === "chunk") {
      if (!this.#reader.takePayload(this.#payloadBytes)) return false;
      this.#deliver(sink);
      return true;
    }
    const length = this.#reader.takeLength();
    if (length < 0) return false;
    if (this.#state === "hello-length") this.#startHello(length, sink);
    else this.#startChunk(length, sink);
    return true;
  }

  #startHello(length: number, sink: AudioFrameSink): void {
    if (length < 1 || length > maxAudioHelloBytes) {
      this.#refuse(`HELLO length ${describeLength(length)} is not 1..${maxAudioHelloBytes}`, sink);
      return;
    }
    this.#payloadBytes = length;
    this.#state = "hello";
  }

  #startChunk(length: number, sink: AudioFrameSink): void {
    if (length === 0 || length === allOnesLength) {
      this.#state = "done";
      sink.end(length === 0 ? "zero" : "all-ones");
      return;
    }
    if (length > maxAudioChunkBytes) {
      const shown = describeLength(length);
      this.#refuse(`chunk length ${shown} is more than ${maxAudioChunkBytes} bytes`, sink);
      return;
    }
    if (length % 4 !== 0) {
      this.#refuse(`chunk length ${length} is not a multiple of 4 bytes`, sink);
      return;
    }
    this.#payloadBytes = length;
    this.#state = "chunk";
    sink.chunkDeclared(length / 4);
  }

  #deliver(sink: AudioFrameSink): void {
    const isHello = this.#state === "hello";
    this.#state = "chunk-length";
    const { payload } = this.#reader;
    if (isHello) {
      sink.hello(new TextDecoder().decode(payload.subarray(0, this.#payloadBytes)));
      return;
    }
    const count = this.#payloadBytes / 4;
    if (this.#samples.buffer !== payload.buffer || this.#samples.length !== count) {
      this.#samples = new Float32Array(payload.buffer, 0, count);
    }
    sink.samples(this.#samples);
  }

  #refuse(reason: string, sink: AudioFrameSink): void {
    this.#state = "done";
    sink.violation(reason);
  }
}

/** The first frame of the stream: the id of the call. */
export function encodeHello(text: string): Uint8Array {
  const frame = encodeLengthPrefixedText(text);
  const bytes = frame.length - 4;
  if (bytes < 1 || bytes > maxAudioHelloBytes) {
    throw new RangeError(`HELLO of ${bytes} bytes is not 1..${maxAudioHelloBytes}`);
  }
  return frame;
}

/**
 * Length and samples in one buffer. With `into` (at least 4 + 4 bytes a sample) nothing but a view
 * of it is made. Throws RangeError for no samples, which would mean the end, or too many.
 */
export function encodeAudioChunk(samples: Float32Array, into?: Uint8Array): Uint8Array {
  const bytes = samples.byteLength;
  if (bytes < 4 || bytes > maxAudioChunkBytes) {
    throw new RangeError(`chunk of ${bytes} bytes is not 4..${maxAudioChunkBytes}`);
  }
  const frame = into === undefined ? new Uint8Array(4 + bytes) : into.subarray(0, 4 + bytes);
  writeLength(frame, bytes);
  frame.set(new Uint8Array(samples.buffer, samples.byteOffset, bytes), 4);
  return frame;
}

/** Ends the stream: the length 0xFFFFFFFF. Not to be changed. */
export const endMarker: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

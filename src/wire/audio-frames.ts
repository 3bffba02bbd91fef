/** The caller-audio stream (TCP 9001 + id): HELLO, then float32 chunks, then an end marker. */
import { FrameDecoder, type FrameSink } from "./frame-decoder.ts";
import {
  allOnesLength,
  describeLength,
  encodeLengthPrefixedText,
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
export interface AudioFrameSink extends FrameSink {
  /** A chunk was announced; its samples come once all of them have arrived. */
  chunkDeclared(sampleCount: number): void;
  /**
   * One whole chunk, exactly as sent: not yet checked for NaN, infinities or range. A view of a
   * reused buffer, valid until the next push; may be changed in place.
   */
  samples(samples: Float32Array): void;
  end(marker: EndMarker): void;
}

/**
 * Memory is kept for the life of the connection, up to one chunk of the largest size; chunks of
 * equal size in a row allocate nothing but a view of the pushed bytes. Floats are taken over as the
 * machine stores them, since every machine that runs Bun is little-endian like the wire.
 */
export class AudioFrameDecoder extends FrameDecoder<AudioFrameSink> {
  #samples = new Float32Array(0);

  constructor() {
    super({ maxHelloBytes: maxAudioHelloBytes, keptBufferBytes: maxAudioChunkBytes });
  }

  /**
   * The connection is gone: hands on the whole samples of a chunk that will never be complete, so
   * that nothing that arrived is lost, and ends decoding.
   */
  abandon(sink: AudioFrameSink): void {
    const { buffer, length } = this.takeUnfinished();
    const count = Math.floor(length / 4);
    if (count > 0) sink.samples(new Float32Array(buffer, 0, count));
  }

  protected onLength(length: number, sink: AudioFrameSink): void {
    if (length === 0 || length === allOnesLength) {
      this.stop();
      sink.end(length === 0 ? "zero" : "all-ones");
    } else if (length > maxAudioChunkBytes) {
      const shown = describeLength(length);
      this.violate(`chunk length ${shown} is more than ${maxAudioChunkBytes} bytes`, sink);
    } else if (length % 4 !== 0) {
      this.violate(`chunk length ${length} is not a multiple of 4 bytes`, sink);
    } else {
      this.expectPayload(length);
      sink.chunkDeclared(length / 4);
    }
  }

  protected onPayload(
    { buffer }: Uint8Array<ArrayBuffer>,
    bytes: number,
    sink: AudioFrameSink,
  ): void {
    const count = bytes / 4;
    if (this.#samples.buffer !== buffer || this.#samples.length !== count) {
      this.#samples = new Float32Array(buffer, 0, count);
    }
    sink.samples(this.#samples);
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

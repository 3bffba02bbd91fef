/**
 * The text streams: transcripts to llama (TCP 8083), replies to kokoro (TCP 8090), and what whisper
 * sends back on the caller-audio socket: transcripts, and how far the sound is settled by them.
 */
import { FrameDecoder, type FrameSink } from "./frame-decoder.ts";
import {
  allOnesLength,
  describeLength,
  encodeLengthPrefixedText,
  writeLength,
} from "./length-prefix.ts";

/** Longest HELLO of a text link, in bytes. */
const maxTextHelloBytes = 1_024;

/** Longest text, in bytes of UTF-8. */
export const maxTextBytes = 10 * 1024 * 1024;

/** Larger buffers are not kept between texts: there may be a thousand quiet connections. */
const keptBufferBytes = 64 * 1024;

/** The length word of a position mark; an unsigned 64-bit big-endian count of samples follows it. */
const positionMarkLength = 0xffff_fffe;
const positionBytes = 8;

export interface TextFrameOptions {
  /** Whether the first frame is a HELLO; not so on the way back of a caller-audio socket. */
  readonly expectHello: boolean;
  /**
   * On the text links a zero length closes, and position marks are violations; on the way back a
   * zero length is a transcript without words, and position marks may come.
   */
  readonly zeroMeans: "close" | "empty-text";
}

/** What comes out of the decoder, in stream order. After `close` or `violation` nothing follows. */
export interface TextFrameSink extends FrameSink {
  /** `valid` is false when the bytes were not UTF-8 and what was wrong became U+FFFD. */
  text(text: string, valid: boolean): void;
  /**
   * All sound before this position, in samples since HELLO, is settled: its transcripts came before,
   * or it held no words. Positions never fall; that so many samples were sent is not checked here.
   */
  position?(samples: number): void;
  /** The call is over. The connection stays, and texts of the next call with the id may follow. */
  bye(): void;
  /** The peer is about to close the connection. */
  close(): void;
}

export class TextFrameDecoder extends FrameDecoder<TextFrameSink> {
  readonly #isWayBack: boolean;
  #expected: "text" | "position" = "text";
  #position = 0;

  constructor(options: TextFrameOptions) {
    const maxHelloBytes = options.expectHello ? maxTextHelloBytes : 0;
    super({ maxHelloBytes, keptBufferBytes });
    this.#isWayBack = options.zeroMeans === "empty-text";
  }

  protected onLength(length: number, sink: TextFrameSink): void {
    if (length === allOnesLength) {
      sink.bye();
    } else if (length === 0) {
      this.#zero(sink);
    } else if (length === positionMarkLength && this.#isWayBack) {
      this.#expect("position", positionBytes);
    } else if (length > maxTextBytes) {
      const shown = describeLength(length);
      this.violate(`text length ${shown} is more than ${maxTextBytes} bytes`, sink);
    } else {
      this.#expect("text", length);
    }
  }

  protected onPayload(buffer: Uint8Array<ArrayBuffer>, bytes: number, sink: TextFrameSink): void {
    const payload = buffer.subarray(0, bytes);
    if (this.#expected === "position") {
      this.#movePosition(payload, sink);
      return;
    }
    const { text, valid } = decodeUtf8(payload);
    sink.text(text, valid);
  }

  #expect(what: "text" | "position", bytes: number): void {
    this.#expected = what;
    this.expectPayload(bytes);
  }

  #zero(sink: TextFrameSink): void {
    if (this.#isWayBack) {
      sink.text("", true);
      return;
    }
    this.stop();
    sink.close();
  }

  #movePosition(payload: Uint8Array, sink: TextFrameSink): void {
    const position = new DataView(payload.buffer, payload.byteOffset).getBigUint64(0);
    if (position > Number.MAX_SAFE_INTEGER) {
      this.violate(`position ${position} is more than any call has samples`, sink);
    } else if (position < this.#position) {
      this.violate(`position ${position} came after position ${this.#position}`, sink);
    } else {
      this.#position = Number(position);
      sink.position?.(this.#position);
    }
  }
}

interface DecodedText {
  readonly text: string;
  readonly valid: boolean;
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): DecodedText {
  try {
    return { text: strictDecoder.decode(bytes), valid: true };
  } catch {
    return { text: lenientDecoder.decode(bytes), valid: false };
  }
}

/** The first frame of a text link: the id of the call. */
export function encodeHello(text: string): Uint8Array {
  return encodeWithin(text, "HELLO", 1, maxTextHelloBytes);
}

/** A text for a text link, where an empty one would close the connection: RangeError. */
export function encodeText(text: string): Uint8Array {
  return encodeWithin(text, "text", 1, maxTextBytes);
}

/**
 * A transcript for the way back of a caller-audio socket, where it may be empty. With `settledSamples`
 * its position mark follows in the same buffer, so that no break of the connection parts the two.
 */
export function encodeReturnedTranscript(text: string, settledSamples?: number): Uint8Array {
  const transcript = encodeWithin(text, "transcript", 0, maxTextBytes);
  if (settledSamples === undefined) return transcript;
  const mark = encodePositionMark(settledSamples);
  const frame = new Uint8Array(transcript.length + mark.length);
  frame.set(transcript);
  frame.set(mark, transcript.length);
  return frame;
}

/**
 * All sound before this position, in samples since the HELLO of this connection, is settled: what was
 * said in it has been returned. For the way back of a caller-audio stream only.
 */
export function encodePositionMark(samples: number): Uint8Array {
  if (!Number.isSafeInteger(samples) || samples < 0) {
    throw new RangeError(`position ${samples} is not a count of samples`);
  }
  const frame = new Uint8Array(4 + positionBytes);
  writeLength(frame, positionMarkLength);
  new DataView(frame.buffer).setBigUint64(4, BigInt(samples));
  return frame;
}

/** The call is over: the length 0xFFFFFFFF. Not to be changed. */
export const byeMarker: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

/** The connection is about to be closed: the length 0. Not to be changed. */
export const closeMarker: Uint8Array = Uint8Array.of(0, 0, 0, 0);

function encodeWithin(text: string, what: string, least: number, most: number): Uint8Array {
  const frame = encodeLengthPrefixedText(text);
  const bytes = frame.length - 4;
  if (bytes < least || bytes > most) {
    throw new RangeError(`${what} of ${bytes} bytes is not ${least}..${most}`);
  }
  return frame;
}

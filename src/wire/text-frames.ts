/**
 * The text streams: transcripts to llama (TCP 8083), replies to kokoro (TCP 8090), and transcripts
 * that whisper sends back on the caller-audio socket.
 */
import {
  allOnesLength,
  describeLength,
  encodeLengthPrefixedText,
  LengthPrefixReader,
} from "./length-prefix.ts";

/** Longest HELLO of a text link, in bytes. */
const maxTextHelloBytes = 1_024;

/** Longest text, in bytes of UTF-8. */
export const maxTextBytes = 10 * 1024 * 1024;

/** Larger buffers are not kept between texts: there may be a thousand quiet connections. */
const keptBufferBytes = 64 * 1024;

export interface TextFrameOptions {
  /** Whether the first frame is a HELLO; not so on the way back of a caller-audio socket. */
  readonly expectHello: boolean;
  /** On the text links a zero length closes; on the way back it is a transcript without words. */
  readonly zeroMeans: "close" | "empty-text";
}

/** What comes out of the decoder, in stream order. After `close` or `violation` nothing follows. */
export interface TextFrameSink {
  hello(text: string): void;
  /** `valid` is false when the bytes were not UTF-8 and what was wrong became U+FFFD. */
  text(text: string, valid: boolean): void;
  /** The call is over. The connection stays, and texts of the next call with the id may follow. */
  bye(): void;
  /** The peer is about to close the connection. */
  close(): void;
  /** The peer broke the protocol; the reason quotes the number that was wrong. */
  violation(reason: string): void;
}

type State = "hello-length" | "hello" | "text-length" | "text" | "done";

/** Decodes one connection. Bytes may come split and joined in any way; memory follows what came. */
export class TextFrameDecoder {
  readonly #reader = new LengthPrefixReader(keptBufferBytes);
  readonly #zeroMeans: TextFrameOptions["zeroMeans"];
  #state: State;
  #payloadBytes = 0;

  constructor(options: TextFrameOptions) {
    this.#zeroMeans = options.zeroMeans;
    this.#state = options.expectHello ? "hello-length" : "text-length";
  }

  /** True after a close, a violation, or `stop`; further bytes are ignored. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Ends decoding from within a sink method too: the rest of that push is ignored. */
  stop(): void {
    this.#state = "done";
  }

  push(bytes: Uint8Array, sink: TextFrameSink): void {
    this.#reader.feed(bytes);
    while (this.#state !== "done" && this.#step(sink));
    this.#reader.release();
  }

  /** Handles one length or payload; false when it needs more bytes. */
  #step(sink: TextFrameSink): boolean {
    if (this.#state === "hello" || this.#state === "text") {
      if (!this.#reader.takePayload(this.#payloadBytes)) return false;
      this.#deliver(sink);
      return true;
    }
    const length = this.#reader.takeLength();
    if (length < 0) return false;
    if (this.#state === "hello-length") this.#startHello(length, sink);
    else this.#startText(length, sink);
    return true;
  }

  #startHello(length: number, sink: TextFrameSink): void {
    if (length < 1 || length > maxTextHelloBytes) {
      this.#refuse(`HELLO length ${describeLength(length)} is not 1..${maxTextHelloBytes}`, sink);
      return;
    }
    this.#payloadBytes = length;
    this.#state = "hello";
  }

  #startText(length: number, sink: TextFrameSink): void {
    if (length === allOnesLength) {
      sink.bye();
    } else if (length === 0) {
      this.#zero(sink);
    } else if (length > maxTextBytes) {
      const shown = describeLength(length);
      this.#refuse(`text length ${shown} is more than ${maxTextBytes} bytes`, sink);
    } else {
      this.#payloadBytes = length;
      this.#state = "text";
    }
  }

  #zero(sink: TextFrameSink): void {
    if (this.#zeroMeans === "empty-text") {
      sink.text("", true);
      return;
    }
    this.#state = "done";
    sink.close();
  }

  #deliver(sink: TextFrameSink): void {
    const isHello = this.#state === "hello";
    this.#state = "text-length";
    const decoded = decodeUtf8(this.#reader.payload.subarray(0, this.#payloadBytes));
    this.#reader.donePayload();
    if (isHello) sink.hello(decoded.text);
    else sink.text(decoded.text, decoded.valid);
  }

  #refuse(reason: string, sink: TextFrameSink): void {
    this.#state = "done";
    sink.violation(reason);
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

/** A transcript for the way back of a caller-audio socket, where it may be empty. */
export function encodeReturnedTranscript(text: string): Uint8Array {
  return encodeWithin(text, "transcript", 0, maxTextBytes);
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

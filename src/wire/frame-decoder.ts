/** What the decoders of all TCP links share: HELLO where one is due, then lengths and their payloads. */
import { describeLength, LengthPrefixReader } from "./length-prefix.ts";

/** What every link reports, in stream order. After `violation` nothing follows. */
export interface FrameSink {
  hello(text: string): void;
  /** The peer broke the protocol; the reason quotes the number that was wrong. */
  violation(reason: string): void;
}

export interface FrameDecoderOptions {
  /** Longest HELLO, in bytes; 0 when the first frame is none. */
  readonly maxHelloBytes: number;
  /** A payload buffer that grew beyond this is given up after use. */
  readonly keptBufferBytes: number;
}

type State = "hello-length" | "hello" | "length" | "payload" | "done";

const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Decodes one connection. Bytes may come split and joined in any way; memory follows what came. */
export abstract class FrameDecoder<Sink extends FrameSink> {
  readonly #reader: LengthPrefixReader;
  readonly #maxHelloBytes: number;
  #state: State;
  #payloadBytes = 0;

  constructor(options: FrameDecoderOptions) {
    this.#reader = new LengthPrefixReader(options.keptBufferBytes);
    this.#maxHelloBytes = options.maxHelloBytes;
    this.#state = options.maxHelloBytes > 0 ? "hello-length" : "length";
  }

  /** True after the last frame, a violation, or `stop`; further bytes are ignored. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Ends decoding from within a sink method too: the rest of that push is ignored. */
  stop(): void {
    this.#state = "done";
  }

  push(bytes: Uint8Array, sink: Sink): void {
    this.#reader.feed(bytes);
    while (this.#state !== "done" && this.#step(sink));
    this.#reader.release();
  }

  /** A length behind HELLO: reports what it means by itself, or calls `expectPayload`. */
  protected abstract onLength(length: number, sink: Sink): void;

  /** The expected payload: `bytes` of them at the start of the reader's reused buffer. */
  protected abstract onPayload(buffer: Uint8Array<ArrayBuffer>, bytes: number, sink: Sink): void;

  /** This many bytes belong to the length that just came. */
  protected expectPayload(bytes: number): void {
    this.#payloadBytes = bytes;
    this.#state = "payload";
  }

  protected violate(reason: string, sink: Sink): void {
    this.stop();
    sink.violation(reason);
  }

  /** Ends decoding; returns what came of a payload that will never be complete. */
  protected takeUnfinished(): Uint8Array<ArrayBuffer> {
    const bytes = this.#reader.takeUnfinished();
    const wasInPayload = this.#state === "payload";
    this.stop();
    return this.#reader.payload.subarray(0, wasInPayload ? bytes : 0);
  }

  /** Handles one length or payload; false when it needs more bytes. */
  #step(sink: Sink): boolean {
    if (this.#state === "hello" || this.#state === "payload") {
      if (!this.#reader.takePayload(this.#payloadBytes)) return false;
      this.#deliver(sink);
      return true;
    }
    const length = this.#reader.takeLength();
    if (length < 0) return false;
    if (this.#state === "hello-length") this.#startHello(length, sink);
    else this.onLength(length, sink);
    return true;
  }

  #startHello(length: number, sink: Sink): void {
    if (length < 1 || length > this.#maxHelloBytes) {
      const shown = describeLength(length);
      this.violate(`HELLO length ${shown} is not 1..${this.#maxHelloBytes}`, sink);
      return;
    }
    this.#payloadBytes = length;
    this.#state = "hello";
  }

  #deliver(sink: Sink): void {
    const isHello = this.#state === "hello";
    this.#state = "length";
    const { payload } = this.#reader;
    const bytes = this.#payloadBytes;
    if (isHello) sink.hello(lenientDecoder.decode(payload.subarray(0, bytes)));
    else this.onPayload(payload, bytes, sink);
    this.#reader.donePayload();
  }
}

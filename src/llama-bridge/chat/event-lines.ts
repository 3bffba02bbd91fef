/** The bytes of an event stream in, JSON objects out; cut anywhere, bounded, never throwing. */
import { createParser, type EventSourceParser } from "eventsource-parser";

export interface EventSink {
  /** The data of one event, taken apart. */
  json(value: unknown): void;
  /** `[DONE]`: nothing of this answer follows. */
  done(): void;
  /** Not what the convention promises: the stream cannot be believed from here on. */
  wrong(reason: string): void;
}

/** Characters of one event; real ones have some hundred, whole tool calls some thousand. */
const maxEventChars = 1 << 20;
const pieceBytes = 64 * 1024;

export class EventLines {
  readonly #sink: EventSink;
  readonly #parser: EventSourceParser;
  /** Keeps the beginning of a character until its end comes; broken ones become U+FFFD. */
  readonly #decoder = new TextDecoder("utf-8");
  #isOver = false;

  constructor(sink: EventSink) {
    this.#sink = sink;
    this.#parser = createParser({
      maxBufferSize: maxEventChars,
      onEvent: ({ data }) => this.#event(data),
      onError: (error) => {
        if (error.type === "max-buffer-size-exceeded") {
          this.#fail(`an event of more than ${maxEventChars} characters`);
        } else if (error.field === "error") {
          // Earlier versions of llama-server report errors in a field of their own.
          this.#event(`{"error":${error.value ?? "null"}}`);
        }
      },
    });
  }

  push(bytes: Uint8Array): void {
    // In pieces, so that one that is too long is seen before all of it is in memory twice.
    for (let at = 0; at < bytes.length && !this.#isOver; at += pieceBytes) {
      this.#feed(this.#decoder.decode(bytes.subarray(at, at + pieceBytes), { stream: true }));
    }
  }

  /** The connection has ended: an event without its empty line counts all the same. */
  finish(): void {
    this.#feed(`${this.#decoder.decode()}\n\n`);
    this.#isOver = true;
  }

  #feed(text: string): void {
    if (!this.#isOver) this.#parser.feed(text);
  }

  #event(data: string): void {
    if (this.#isOver) return;
    if (data.trim() === "") return;
    if (data.trim() === "[DONE]") {
      this.#isOver = true;
      this.#sink.done();
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      this.#fail("an event that is no JSON");
      return;
    }
    this.#sink.json(value);
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink.wrong(reason);
  }
}

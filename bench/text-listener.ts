/** Takes texts as the LLaMA does, and knows when each of them came. */
import { listenTcp, type TcpServer } from "../src/tcp.ts";
import type { TcpHandlers } from "../src/tcp-link.ts";
import { TextFrameDecoder, type TextFrameSink } from "../src/wire/text-frames.ts";

export interface ReceivedText {
  readonly text: string;
  /** As performance.now() tells it. */
  readonly atMs: number;
}

const ignore = (): void => undefined;

export class TextListener {
  readonly #server: TcpServer;
  readonly #calls = new Map<string, Texts>();
  readonly #onText: (callId: string, text: ReceivedText) => void;

  /** `onText`: told of each as it comes. */
  constructor(onText: (callId: string, text: ReceivedText) => void = ignore) {
    this.#onText = onText;
    this.#server = listenTcp({
      hostname: "127.0.0.1",
      port: 0,
      maxPendingBytes: 0,
      accept: () => this.#accept(),
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** The n-th text, from 0, of all calls with this id; resolves when it has come. */
  async text(callId: string, index: number): Promise<ReceivedText> {
    return await this.#textsOf(callId).at(index);
  }

  close(): void {
    this.#server.stop(true);
  }

  #accept(): TcpHandlers {
    const decoder = new TextFrameDecoder({ expectHello: true, zeroMeans: "close" });
    let callId = "";
    const sink: TextFrameSink = {
      hello: (text) => {
        callId = text;
      },
      text: (text) => this.#received(callId, { text, atMs: performance.now() }),
      bye: ignore,
      close: ignore,
      violation: ignore,
    };
    return { data: (bytes) => decoder.push(bytes, sink), closed: ignore };
  }

  #received(callId: string, text: ReceivedText): void {
    this.#onText(callId, text);
    this.#textsOf(callId).add(text);
  }

  #textsOf(callId: string): Texts {
    const known = this.#calls.get(callId);
    if (known !== undefined) return known;
    const texts = new Texts();
    this.#calls.set(callId, texts);
    return texts;
  }
}

/** A list whose entries can be asked for before they are there. */
class Texts {
  readonly #entries: PromiseWithResolvers<ReceivedText>[] = [];
  #received = 0;

  add(text: ReceivedText): void {
    this.#entry(this.#received).resolve(text);
    this.#received += 1;
  }

  at(index: number): Promise<ReceivedText> {
    return this.#entry(index).promise;
  }

  #entry(index: number): PromiseWithResolvers<ReceivedText> {
    while (this.#entries.length <= index) {
      this.#entries.push(Promise.withResolvers<ReceivedText>());
    }
    const entry = this.#entries[index];
    if (entry === undefined) throw new RangeError(`there is no text ${index}`);
    return entry;
  }
}

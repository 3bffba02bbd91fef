/** Stands between the LLaMA and the voice, passes everything on, and keeps the texts of each call. */
import { systemClock } from "../src/core/clock.ts";
import type { TcpHandlers, TcpLink } from "../src/tcp-link.ts";
import { connectTcp, listenTcp, type TcpServer } from "../src/tcp.ts";
import { TextFrameDecoder } from "../src/wire/text-frames.ts";

const host = "127.0.0.1";
const maxPendingBytes = 1 << 20;
const connectLimitMs = 2000;
const ignore = (): void => undefined;

export class TextTap {
  readonly #server: TcpServer;
  readonly #voicePort: number;
  readonly #texts = new Map<string, string[]>();

  constructor(voicePort: number) {
    this.#voicePort = voicePort;
    this.#server = listenTcp({
      hostname: host,
      port: 0,
      maxPendingBytes,
      accept: (link) => this.#accept(link),
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** Of a call, in order. */
  textsOf(callId: string): readonly string[] {
    return this.#texts.get(callId) ?? [];
  }

  close(): void {
    this.#server.stop(true);
  }

  #accept(link: TcpLink): TcpHandlers {
    const voice = this.#connect(link);
    const decoder = new TextFrameDecoder({ expectHello: true, zeroMeans: "close" });
    let texts: string[] = [];
    const sink = {
      hello: (callId: string) => {
        texts = this.#texts.get(callId) ?? [];
        this.#texts.set(callId, texts);
      },
      text: (text: string) => void texts.push(text),
      bye: ignore,
      close: ignore,
      violation: ignore,
    };
    return {
      data: (bytes) => {
        decoder.push(bytes, sink);
        const copy = bytes.slice();
        void voice.then((open) => open.write(copy));
      },
      closed: () => void voice.then((open) => open.end()),
    };
  }

  async #connect(back: TcpLink): Promise<TcpLink> {
    const options = {
      hostname: host,
      port: this.#voicePort,
      timeoutMs: connectLimitMs,
      clock: systemClock,
      maxPendingBytes,
    };
    const handlers = {
      data: (bytes: Uint8Array) => void back.write(bytes),
      closed: () => back.end(),
    };
    return await connectTcp(options, handlers).link;
  }
}

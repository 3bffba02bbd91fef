/** The far end of a text link, played over a real socket: records frames and can misbehave. */
import { listenTcp, type TcpServer } from "../../src/tcp.ts";
import type { TcpHandlers, TcpLink } from "../../src/tcp-link.ts";
import { TextFrameDecoder } from "../../src/wire/text-frames.ts";

export class TextPeer implements Disposable {
  /** Frames of all connections in order of arrival: `hello 111`, `text …`, `bye`, `close`. */
  readonly frames: string[] = [];
  readonly links: TcpLink[] = [];
  connections = 0;
  /** Called for each new connection, to misbehave from the start. */
  onConnection: ((link: TcpLink) => void) | undefined;
  readonly port: number;
  #server: TcpServer;

  constructor(port = 0) {
    this.#server = listenTcp({
      hostname: "127.0.0.1",
      port,
      maxPendingBytes: 1 << 20,
      accept: (link) => this.#accept(link),
    });
    this.port = this.#server.port;
  }

  get texts(): string[] {
    return this.frames
      .filter((frame) => frame.startsWith("text "))
      .map((frame) => frame.slice("text ".length));
  }

  /** Stops listening and breaks what is connected. */
  [Symbol.dispose](): void {
    this.#server.stop(false);
    for (const link of this.links) link.destroy();
  }

  #accept(link: TcpLink): TcpHandlers {
    this.connections += 1;
    this.links.push(link);
    const decoder = new TextFrameDecoder({ expectHello: true, zeroMeans: "close" });
    const note = (frame: string): void => void this.frames.push(frame);
    this.onConnection?.(link);
    return {
      data: (bytes) =>
        decoder.push(bytes, {
          hello: (text) => note(`hello ${text}`),
          text: (text) => note(`text ${text}`),
          bye: () => note("bye"),
          close: () => note("close"),
          violation: (reason) => note(`violation ${reason}`),
        }),
      closed: () => void this.links.splice(this.links.indexOf(link), 1),
    };
  }
}

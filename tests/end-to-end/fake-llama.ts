/** A LLaMA that keeps each frame that whisper sends, and can misbehave. */
import { TextFrameDecoder } from "../../src/wire/text-frames.ts";
import { eventually } from "./eventually.ts";
import { listenRaw, type RawConnection, type RawServer } from "./raw-connection.ts";

/** `hello`, `text …`, `bye`, `close`, `violation …`, in the order in which they came. */
export interface TextConnection {
  readonly raw: RawConnection;
  callId: string | undefined;
  readonly frames: string[];
}

export interface FakeLlamaOptions {
  /** 0, the default, lets the system choose. */
  readonly port?: number;
  /** Called for each new connection, before anything is read from it. */
  readonly onConnect?: (raw: RawConnection) => void;
}

export class FakeLlama implements Disposable {
  readonly connections: TextConnection[] = [];
  readonly #server: RawServer;

  constructor(options: FakeLlamaOptions = {}) {
    this.#server = listenRaw(options.port ?? 0, (raw) => {
      this.connections.push(recordFrames(raw));
      options.onConnect?.(raw);
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** Frames of one call on all its connections, HELLO left out. */
  frames(callId: number): string[] {
    return this.connections
      .filter((connection) => connection.callId === String(callId))
      .flatMap((connection) => connection.frames.filter((frame) => frame !== "hello"));
  }

  texts(callId: number): string[] {
    return this.frames(callId)
      .filter((frame) => frame.startsWith("text "))
      .map((frame) => frame.slice("text ".length));
  }

  /** The frames of a call once there are so many. */
  async gets(callId: number, count: number, limitMs?: number): Promise<string[]> {
    return await eventually({
      what: `${count} frames of call ${callId} at the LLaMA`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: () => this.frames(callId).length >= count && this.frames(callId),
      explain: () => `it got ${JSON.stringify(this.frames(callId))}`,
    });
  }

  [Symbol.dispose](): void {
    this.#server.stop();
  }
}

function recordFrames(raw: RawConnection): TextConnection {
  const decoder = new TextFrameDecoder({ expectHello: true, zeroMeans: "close" });
  const connection: TextConnection = { raw, callId: undefined, frames: [] };
  const { frames } = connection;
  raw.onData = (bytes) =>
    decoder.push(bytes, {
      hello: (text) => {
        connection.callId = text;
        frames.push("hello");
      },
      text: (text) => frames.push(`text ${text}`),
      bye: () => frames.push("bye"),
      close: () => frames.push("close"),
      violation: (reason) => frames.push(`violation ${reason}`),
    });
  return connection;
}

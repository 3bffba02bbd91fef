/** The inbound end of calls with one id, played over a real socket by a test. */
import { listenTcp, type TcpServer } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { encodeAudioChunk, encodeHello } from "../../src/wire/audio-frames.ts";
import { type CallId, parseCallId } from "../../src/wire/call-id.ts";
import { callerAudioPort } from "../../src/wire/ports.ts";
import { TextFrameDecoder } from "../../src/wire/text-frames.ts";
import { until } from "./until.ts";

export class ScriptedInbound implements Disposable {
  readonly callId: CallId;
  /** Connections of whisper, oldest first; closed ones stay in the list. */
  readonly links: TcpLink[] = [];
  readonly returned: string[] = [];
  /** Position marks of all connections, in samples since the HELLO of each. */
  readonly marks: number[] = [];
  /** What whisper sent back against the protocol. */
  readonly violations: string[] = [];
  closed = 0;
  readonly #server: TcpServer;

  constructor(id: number) {
    this.callId = callIdOf(id);
    this.#server = listenTcp({
      hostname: "127.0.0.1",
      port: callerAudioPort(this.callId),
      maxPendingBytes: 8 << 20,
      accept: (link) => {
        this.links.push(link);
        const decoder = new TextFrameDecoder({ expectHello: false, zeroMeans: "empty-text" });
        return {
          data: (bytes) =>
            decoder.push(bytes, {
              hello: () => undefined,
              text: (text) => void this.returned.push(text),
              position: (samples) => void this.marks.push(samples),
              bye: () => undefined,
              close: () => undefined,
              violation: (reason) => void this.violations.push(reason),
            }),
          closed: () => void (this.closed += 1),
        };
      },
    });
  }

  /** The connection number `index` (from 0), once it is there. */
  async link(index: number): Promise<TcpLink> {
    await until(() => this.links.length > index, `connection ${index} of call ${this.callId.text}`);
    const link = this.links[index];
    if (link === undefined) throw new Error("no such connection");
    return link;
  }

  /** Waits for the connection and greets. */
  async greet(index = 0): Promise<TcpLink> {
    const link = await this.link(index);
    link.write(encodeHello(this.callId.text));
    return link;
  }

  [Symbol.dispose](): void {
    this.#server.stop(false);
    for (const link of this.links) link.destroy();
  }
}

export function callIdOf(id: number): CallId {
  const parsed = parseCallId(String(id));
  if (!parsed.ok) throw new Error(parsed.refusal);
  return parsed.callId;
}

/** A finished utterance of half a second; the samples carry `level`, so that jobs can be told apart. */
export function utterance(level = 0.1): Uint8Array {
  return encodeAudioChunk(new Float32Array(8000).fill(level));
}

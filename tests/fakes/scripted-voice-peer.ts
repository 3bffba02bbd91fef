/** The voice (kokoro) of one call id, played over real sockets by a test that can kill and replace it. */
import { listenTcp, type TcpServer } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { AudioFrameDecoder } from "../../src/wire/audio-frames.ts";
import { type CallId, callIdOf } from "../../src/wire/call-id.ts";
import { readySignalPort, replyAudioPort } from "../../src/wire/ports.ts";
import { encodeRegistration, type SignalKind } from "../../src/wire/registration.ts";
import { encodeReplyChunk, replyEndMarker } from "../../src/wire/reply-audio.ts";
import { until } from "./until.ts";

/** One connection of outbound. */
export class VoiceConnection {
  hello = "";
  isClosed = false;
  readonly link: TcpLink;
  #chunks = 0;

  constructor(link: TcpLink) {
    this.link = link;
  }

  /** The next chunk of the stream. */
  speak(samples: Float32Array, rateHz = 8000): void {
    this.#chunks += 1;
    this.link.write(encodeReplyChunk(samples, { rateHz, chunkId: this.#chunks }));
  }

  /** The end marker; ids begin anew behind it. */
  finish(): void {
    this.#chunks = 0;
    this.link.write(replyEndMarker);
  }

  async greeted(): Promise<void> {
    await until(() => this.hello !== "", "HELLO of outbound");
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, "the end of the connection");
  }
}

export class ScriptedVoicePeer implements Disposable {
  readonly callId: CallId;
  /** Oldest first; closed ones stay in the list. */
  readonly connections: VoiceConnection[] = [];
  #server: TcpServer | undefined;
  readonly #endpoint: UdpEndpoint;

  private constructor(callId: CallId, endpoint: UdpEndpoint) {
    this.callId = callId;
    this.#endpoint = endpoint;
  }

  static async open(id: number): Promise<ScriptedVoicePeer> {
    const endpoint = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    const peer = new ScriptedVoicePeer(callIdOf(id), endpoint);
    peer.listen();
    return peer;
  }

  listen(): void {
    this.#server = listenTcp({
      hostname: "127.0.0.1",
      port: replyAudioPort(this.callId),
      maxPendingBytes: 64 << 20,
      accept: (link) => this.#accept(link),
    });
  }

  /** From now on connections are refused; those that are open stay. */
  stopListening(): void {
    this.#server?.stop(false);
    this.#server = undefined;
  }

  signal(kind: SignalKind, id = this.callId.number): void {
    this.sendDatagram(encodeRegistration(kind, callIdOf(id)));
  }

  sendDatagram(bytes: Uint8Array): void {
    this.#endpoint.send(bytes, readySignalPort(this.callId), "127.0.0.1");
  }

  /** The connection number `index` (from 0), once it is there and has said HELLO. */
  async connection(index: number): Promise<VoiceConnection> {
    await until(() => this.connections.length > index, `connection ${index} of outbound`);
    const connection = this.connections[index];
    if (connection === undefined) throw new Error("no such connection");
    await connection.greeted();
    return connection;
  }

  [Symbol.dispose](): void {
    this.stopListening();
    for (const { link } of this.connections) link.destroy();
    this.#endpoint.close();
  }

  #accept(link: TcpLink): { data(bytes: Uint8Array): void; closed(): void } {
    const connection = new VoiceConnection(link);
    const decoder = new AudioFrameDecoder();
    this.connections.push(connection);
    return {
      data: (bytes) =>
        decoder.push(bytes, {
          hello: (text) => void (connection.hello = text),
          chunkDeclared: () => undefined,
          samples: () => undefined,
          end: () => undefined,
          violation: (reason) => {
            throw new Error(`outbound broke the protocol: ${reason}`);
          },
        }),
      closed: () => void (connection.isClosed = true),
    };
  }
}

/** The inbound side of one call, played byte for byte: the C++ service that is there, or a hostile one. */
import { encodeAudioChunk, encodeHello } from "../../src/wire/audio-frames.ts";
import { callerAudioPort } from "../../src/wire/ports.ts";
import { TextFrameDecoder } from "../../src/wire/text-frames.ts";
import { eventually } from "./eventually.ts";
import { listenRaw, type RawConnection, type RawServer } from "./raw-connection.ts";

/** Sends datagrams to one whisper service. */
export class Announcer implements Disposable {
  readonly #socket: Bun.udp.Socket<"uint8array">;
  readonly #port: number;

  private constructor(socket: Bun.udp.Socket<"uint8array">, port: number) {
    this.#socket = socket;
    this.#port = port;
  }

  static async open(whisperPort: number): Promise<Announcer> {
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      binaryType: "uint8array",
      socket: { data: () => undefined, error: () => undefined },
    });
    return new Announcer(socket, whisperPort);
  }

  send(datagram: string | Uint8Array): void {
    this.#socket.send(datagram, this.#port, "127.0.0.1");
  }

  register(callId: number): void {
    this.send(`REGISTER:${callId}`);
  }

  bye(callId: number): void {
    this.send(`BYE:${callId}`);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

export class LegacyInbound implements Disposable {
  readonly callId: number;
  /** Each connection of whisper, in order. */
  readonly connections: RawConnection[] = [];
  /** Transcripts that came back, on all connections. */
  readonly transcripts: string[] = [];
  readonly #server: RawServer;
  readonly #announcer: Announcer;

  /** Listens on the call's port; nothing is announced yet. `onConnect` may answer at once. */
  constructor(
    callId: number,
    announcer: Announcer,
    onConnect: (connection: RawConnection) => void = () => undefined,
  ) {
    this.callId = callId;
    this.#announcer = announcer;
    this.#server = listenRaw(callerAudioPort({ number: callId }), (connection) => {
      this.#readTranscripts(connection);
      this.connections.push(connection);
      onConnect(connection);
    });
  }

  register(): void {
    this.#announcer.register(this.callId);
  }

  bye(): void {
    this.#announcer.bye(this.callId);
  }

  /** REGISTER, the connection of whisper, and HELLO: the start of a call as it should be. */
  async call(): Promise<RawConnection> {
    const connection = await this.answered();
    connection.send(encodeHello(String(this.callId)));
    return connection;
  }

  /** REGISTER, then the connection that whisper opens; nothing is sent on it yet. */
  async answered(): Promise<RawConnection> {
    const before = this.connections.length;
    this.register();
    return await eventually({
      what: `whisper to connect to call ${this.callId}`,
      probe: () => this.connections[before],
    });
  }

  [Symbol.dispose](): void {
    this.#server.stop();
  }

  #readTranscripts(connection: RawConnection): void {
    const decoder = new TextFrameDecoder({ expectHello: false, zeroMeans: "empty-text" });
    connection.onData = (bytes) =>
      decoder.push(bytes, {
        hello: () => undefined,
        text: (text) => this.transcripts.push(text),
        bye: () => undefined,
        close: () => undefined,
        violation: (reason) => this.transcripts.push(`violation: ${reason}`),
      });
  }
}

/** A whole utterance in one chunk, as the legacy inbound sends it. */
export function utteranceChunk(samples: Float32Array): Uint8Array {
  return encodeAudioChunk(samples);
}

/** The same sound in chunks of 100 ms, as a stream. */
export function streamChunks(samples: Float32Array): Uint8Array[] {
  const blockSamples = 1600;
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < samples.length; at += blockSamples) {
    chunks.push(encodeAudioChunk(samples.subarray(at, at + blockSamples)));
  }
  return chunks;
}

/** A 32-bit big-endian length, right or wrong. */
export function length32(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

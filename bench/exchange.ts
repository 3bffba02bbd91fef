/** The other side of the whisper service: calls that are announced and speak. */
import { listenTcp, type TcpServer } from "../src/tcp.ts";
import type { TcpHandlers, TcpLink } from "../src/tcp-link.ts";
import { openUdp, type UdpEndpoint } from "../src/udp.ts";
import { encodeAudioChunk, encodeHello, endMarker } from "../src/wire/audio-frames.ts";
import { type CallId, callIdOf } from "../src/wire/call-id.ts";
import { callerAudioPort } from "../src/wire/ports.ts";
import { encodeRegistration } from "../src/wire/registration.ts";
import { TextFrameDecoder, type TextFrameSink } from "../src/wire/text-frames.ts";

const host = "127.0.0.1";
/** Their audio ports lie below those that Linux gives to outgoing connections. */
const firstNumber = 20_000;
const lastNumber = 23_000;
const maxPendingBytes = 16 << 20;

const ignore = (): void => undefined;

export interface CallOptions {
  /** Called when a transcript, even an empty one, comes back. */
  readonly onTranscript?: (call: Call, text: string) => void;
  /** Called when all sound before this sample of a stream is settled; after its transcript, if any. */
  readonly onPosition?: (samples: number) => void;
}

/** Announces calls to one whisper service, each with an id that no call had before. */
export class Exchange {
  readonly #udp: UdpEndpoint;
  readonly #whisperPort: number;
  readonly #calls = new Set<Call>();
  #nextNumber = firstNumber;

  private constructor(udp: UdpEndpoint, whisperPort: number) {
    this.#udp = udp;
    this.#whisperPort = whisperPort;
  }

  static async open(whisperPort: number): Promise<Exchange> {
    const handlers = { onDatagram: ignore, onError: ignore };
    return new Exchange(await openUdp({ hostname: host, port: 0, ...handlers }), whisperPort);
  }

  /** A call that is listened for but not announced yet. */
  prepare(options: CallOptions = {}): Call {
    for (; this.#nextNumber <= lastNumber; this.#nextNumber += 1) {
      const call = this.#listen(callIdOf(this.#nextNumber), options);
      if (call === undefined) continue;
      this.#nextNumber += 1;
      this.#calls.add(call);
      return call;
    }
    throw new Error("too few free TCP ports for so many calls");
  }

  #listen(callId: CallId, options: CallOptions): Call | undefined {
    try {
      return new Call(callId, options, (bytes) => {
        const sent = this.#udp.send(bytes, this.#whisperPort, host);
        if (!sent.ok) throw new Error(`cannot send REGISTER: ${sent.errno}`);
      });
    } catch {
      return undefined; // Another program has that port.
    }
  }

  close(): void {
    for (const call of this.#calls) call.close();
    this.#udp.close();
  }
}

/** One call as the inbound side has it. */
export class Call {
  readonly callId: CallId;
  /** Resolves with the time, as performance.now() tells it, at which whisper had connected. */
  readonly connected: Promise<number>;
  /** Resolves when whisper has returned all transcripts, or is gone. */
  readonly drained: Promise<void>;
  readonly #options: CallOptions;
  readonly #send: (datagram: Uint8Array) => void;
  readonly #server: TcpServer;
  readonly #resolveConnected: (atMs: number) => void;
  readonly #resolveDrained: () => void;
  #link: TcpLink | undefined;

  constructor(callId: CallId, options: CallOptions, send: (datagram: Uint8Array) => void) {
    this.callId = callId;
    this.#options = options;
    this.#send = send;
    const connected = Promise.withResolvers<number>();
    this.connected = connected.promise;
    this.#resolveConnected = connected.resolve;
    const drained = Promise.withResolvers<void>();
    this.drained = drained.promise;
    this.#resolveDrained = drained.resolve;
    this.#server = listenTcp({
      hostname: host,
      port: callerAudioPort(callId),
      maxPendingBytes,
      accept: (link) => this.#accept(link),
    });
  }

  register(): void {
    this.#send(encodeRegistration("register", this.callId));
  }

  /** One chunk on the wire: from 400 ms on whisper takes it for a whole utterance. */
  speak(samples: Float32Array): void {
    const taken = this.#link?.write(encodeAudioChunk(samples));
    if (taken !== true)
      throw new Error(`whisper does not take the audio of call ${this.callId.text}`);
  }

  /** Nothing more will be said; what was said is still transcribed. */
  fallSilent(): void {
    this.#link?.write(endMarker);
  }

  hangUp(): void {
    this.fallSilent();
    this.#link?.end();
  }

  close(): void {
    this.#server.stop(true);
  }

  #accept(link: TcpLink): TcpHandlers {
    this.#resolveConnected(performance.now());
    this.#link = link;
    link.write(encodeHello(this.callId.text));
    const decoder = new TextFrameDecoder({ expectHello: false, zeroMeans: "empty-text" });
    const sink: TextFrameSink = {
      hello: ignore,
      text: (text) => this.#options.onTranscript?.(this, text),
      position: (samples) => this.#options.onPosition?.(samples),
      bye: () => this.#resolveDrained(),
      close: ignore,
      violation: ignore,
    };
    return { data: (bytes) => decoder.push(bytes, sink), closed: () => this.#resolveDrained() };
  }
}

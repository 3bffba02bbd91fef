/** Asterisk's end of AudioSocket calls, and a whisper that takes whatever call is registered. */
import { systemClock } from "../../src/core/clock.ts";
import { connectTcp } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { AudioFrameDecoder } from "../../src/wire/audio-frames.ts";
import {
  AudioSocketDecoder,
  encodeAudioSocketAudio,
  encodeAudioSocketUuid,
} from "../../src/wire/audiosocket.ts";
import { type CallId, callIdOf } from "../../src/wire/call-id.ts";
import { callerAudioPort } from "../../src/wire/ports.ts";
import { parseRegistration } from "../../src/wire/registration.ts";
import { byeMarker, encodeReturnedTranscript } from "../../src/wire/text-frames.ts";
import { until } from "../fakes/until.ts";

/** The UUID of the `index`-th call. */
export function keyOf(index: number): string {
  return `40325ec2-5efd-4bd3-805f-${index.toString(16).padStart(12, "0")}`;
}

/** One call as Asterisk makes it. */
export class ScriptedExchange implements Disposable {
  /** All PCM that was heard, 8 kHz. */
  readonly heard: number[] = [];
  /** Told of each frame, which is valid during the call only. */
  onFrame: ((pcm: Int16Array) => void) | undefined;
  frames = 0;
  isTerminated = false;
  isClosed = false;
  closedAtMs = 0;
  readonly #decoder = new AudioSocketDecoder();
  #link: TcpLink | undefined;

  static async connect(port: number): Promise<ScriptedExchange> {
    const exchange = new ScriptedExchange();
    const options = {
      hostname: "127.0.0.1",
      port,
      timeoutMs: 5000,
      clock: systemClock,
      maxPendingBytes: 16 << 20,
    };
    // What comes to us begins without a UUID, which the decoder wants to see.
    exchange.#decoder.push(encodeAudioSocketUuid(keyOf(0)), exchange.#sink);
    exchange.#link = await connectTcp(options, {
      data: (bytes) => exchange.#decoder.push(bytes, exchange.#sink),
      closed: () => {
        exchange.isClosed = true;
        exchange.closedAtMs = performance.now();
      },
    }).link;
    return exchange;
  }

  /** Connects and says which call it is. */
  static async call(port: number, index: number): Promise<ScriptedExchange> {
    const exchange = await ScriptedExchange.connect(port);
    exchange.send(encodeAudioSocketUuid(keyOf(index)));
    return exchange;
  }

  send(...frames: readonly Uint8Array[]): void {
    this.#link?.write(Buffer.concat(frames));
  }

  /** 20 ms frames of this level. */
  speak(ms: number, level = 1000, rateHz = 8000): void {
    const pcm = new Int16Array(rateHz / 50).fill(level);
    const frame = encodeAudioSocketAudio(new Uint8Array(pcm.buffer), rateHz);
    for (let spokenMs = 0; spokenMs < ms; spokenMs += 20) this.send(frame);
  }

  /** Samples of this level that were heard. */
  heardAt(level: number): number {
    return this.heard.filter((sample) => sample === level).length;
  }

  async hears(samples: number, level: number): Promise<void> {
    await until(() => this.heardAt(level) >= samples, `${samples} samples of level ${level}`);
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, "the end of the connection");
  }

  pause(): void {
    this.#link?.pause();
  }

  hangUp(): void {
    this.#link?.end();
  }

  kill(): void {
    this.#link?.destroy();
  }

  [Symbol.dispose](): void {
    this.#link?.destroy();
  }

  readonly #sink = {
    uuid: () => undefined,
    audio: (pcm: Int16Array) => {
      this.frames += 1;
      for (const sample of pcm) this.heard.push(sample);
      this.onFrame?.(pcm);
    },
    digit: () => undefined,
    terminate: () => void (this.isTerminated = true),
    error: () => undefined,
    unknown: () => undefined,
    violation: (reason: string) => {
      throw new Error(`the service broke the protocol: ${reason}`);
    },
  };
}

/** One call as whisper has it. */
export class HeardCall {
  readonly callId: CallId;
  /** Told of all sound that comes; valid during the call only. */
  onSound: ((samples: Float32Array) => void) | undefined;
  samples = 0;
  last = 0;
  isEnded = false;
  isClosed = false;
  link: TcpLink | undefined;

  constructor(callId: CallId) {
    this.callId = callId;
  }
}

/** Connects to each call that is registered, and says at its end that all is transcribed. */
export class AutomaticWhisper implements Disposable {
  /** In the order of their registration. */
  readonly calls: HeardCall[] = [];
  readonly byes: string[] = [];
  /** What is returned at the end of each call. */
  transcript: string | undefined;
  #endpoint: UdpEndpoint | undefined;
  readonly #connected = new Map<number, HeardCall>();

  static async open(): Promise<AutomaticWhisper> {
    const whisper = new AutomaticWhisper();
    whisper.#endpoint = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: (bytes) => whisper.#signal(bytes),
      onError: () => undefined,
    });
    return whisper;
  }

  get port(): number {
    return this.#endpoint?.port ?? 0;
  }

  /** The call number `index` (from 0), once whisper is connected to it. */
  async call(index: number): Promise<HeardCall> {
    await until(() => this.calls[index]?.link !== undefined, `call ${index} at whisper`);
    return this.calls[index] ?? new HeardCall(callIdOf(0));
  }

  [Symbol.dispose](): void {
    this.#endpoint?.close();
    for (const { link } of this.calls) link?.destroy();
  }

  #signal(bytes: Uint8Array): void {
    const signal = parseRegistration(bytes);
    if (signal.kind === "bye") this.byes.push(signal.callId.text);
    if (signal.kind !== "register" || this.#connected.has(signal.callId.number)) return;
    const call = new HeardCall(signal.callId);
    this.calls.push(call);
    this.#connected.set(signal.callId.number, call);
    this.#connect(call).catch(() => this.#connected.delete(signal.callId.number));
  }

  async #connect(call: HeardCall): Promise<void> {
    const decoder = new AudioFrameDecoder();
    const options = {
      hostname: "127.0.0.1",
      port: callerAudioPort(call.callId),
      timeoutMs: 5000,
      clock: systemClock,
      maxPendingBytes: 1 << 20,
    };
    const attempt = connectTcp(options, {
      data: (bytes) =>
        decoder.push(bytes, {
          hello: () => undefined,
          chunkDeclared: () => undefined,
          samples: (samples) => {
            call.samples += samples.length;
            call.onSound?.(samples);
            call.last = samples.at(-1) ?? 0;
          },
          end: () => this.#ended(call),
          violation: () => undefined,
        }),
      closed: () => {
        call.isClosed = true;
        this.#connected.delete(call.callId.number);
      },
    });
    call.link = await attempt.link;
  }

  #ended(call: HeardCall): void {
    call.isEnded = true;
    if (this.transcript !== undefined) call.link?.write(encodeReturnedTranscript(this.transcript));
    call.link?.write(byeMarker);
    call.link?.end();
  }
}

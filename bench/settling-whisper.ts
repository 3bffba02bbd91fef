/** In the place of whisper: takes the sound of all calls, says that it is settled, and hears nothing. */
import type { Clock } from "../src/core/clock.ts";
import { connectTcp } from "../src/tcp.ts";
import type { TcpLink } from "../src/tcp-link.ts";
import { openUdp, type UdpEndpoint } from "../src/udp.ts";
import { AudioFrameDecoder } from "../src/wire/audio-frames.ts";
import type { CallId } from "../src/wire/call-id.ts";
import { callerAudioPort } from "../src/wire/ports.ts";
import { parseRegistration } from "../src/wire/registration.ts";
import { byeMarker, encodePositionMark } from "../src/wire/text-frames.ts";

const host = "127.0.0.1";
const timeoutMs = 2000;
const maxPendingBytes = 1 << 16;
/** As often as whisper does while nobody speaks. */
const markEverySamples = 16_000;

export class SettlingWhisper {
  readonly #clock: Clock;
  readonly #udp: UdpEndpoint;
  readonly #links = new Map<number, TcpLink | undefined>();
  #samples = 0;

  private constructor(clock: Clock, udp: UdpEndpoint) {
    this.#clock = clock;
    this.#udp = udp;
  }

  static async open(clock: Clock): Promise<SettlingWhisper> {
    let whisper: SettlingWhisper | undefined;
    const udp = await openUdp({
      hostname: host,
      port: 0,
      onDatagram: (bytes) => {
        const signal = parseRegistration(bytes);
        if (signal.kind === "register") whisper?.register(signal.callId);
      },
      onError: () => undefined,
    });
    whisper = new SettlingWhisper(clock, udp);
    return whisper;
  }

  get port(): number {
    return this.#udp.port;
  }

  /** Of all calls together. */
  get samples(): number {
    return this.#samples;
  }

  register(callId: CallId): void {
    if (this.#links.has(callId.number)) return;
    this.#links.set(callId.number, undefined);
    void this.#connect(callId);
  }

  close(): void {
    this.#udp.close();
    for (const link of this.#links.values()) link?.destroy();
  }

  async #connect(callId: CallId): Promise<void> {
    const decoder = new AudioFrameDecoder();
    let heard = 0;
    let told = 0;
    let link: TcpLink | undefined;
    const sink = {
      hello: () => undefined,
      chunkDeclared: () => undefined,
      samples: (samples: Float32Array) => {
        heard += samples.length;
        this.#samples += samples.length;
        if (heard - told < markEverySamples) return;
        told = heard;
        link?.write(encodePositionMark(heard));
      },
      end: () => {
        link?.write(encodePositionMark(heard));
        link?.write(byeMarker);
        link?.end();
      },
      violation: () => link?.destroy(),
    };
    const options = { hostname: host, port: callerAudioPort(callId), timeoutMs, maxPendingBytes };
    try {
      link = await connectTcp(
        { ...options, clock: this.#clock },
        {
          data: (bytes) => decoder.push(bytes, sink),
          closed: () => void this.#links.delete(callId.number),
        },
      ).link;
      this.#links.set(callId.number, link);
    } catch {
      this.#links.delete(callId.number);
    }
  }
}

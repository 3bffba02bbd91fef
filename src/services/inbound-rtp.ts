/** Plain RTP without a session around it: one UDP port whose packets are a caller's sound. */
import { CallerSound } from "../audio/caller-sound.ts";
import type { PacketFormat } from "../audio/jitter-buffer-slots.ts";
import { RtpReceiver, type RtpFrame } from "../call/rtp/rtp-receiver.ts";
import { SourceLatch } from "../call/rtp/source-latch.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";

export interface InboundRtpOptions {
  readonly hostname: string;
  readonly port: number;
  readonly clock: Clock;
  /** 0 up to 1, for comfort noise. */
  readonly random: () => number;
  /** 16 kHz mono in a reused buffer. */
  readonly onSamples: (samples: Float32Array) => void;
  readonly onDigit: (digit: string) => void;
}

/** Static payload types of RFC 3551, and what telephones use for events as a rule. */
const formats: ReadonlyMap<number, PacketFormat> = new Map([
  [0, "PCMU"],
  [8, "PCMA"],
  [9, "G722"],
  [13, "CN"],
  [101, "event"],
]);
const pullEveryMs = 20;
/** The most that the jitter buffer waits for a packet. */
const longestWaitMs = 200;

export class InboundRtp {
  readonly #clock: Clock;
  readonly #endpoint: UdpEndpoint;
  readonly #receiver: RtpReceiver;
  readonly #sound: CallerSound;
  readonly #onSamples: InboundRtpOptions["onSamples"];
  /** Reused for each packet. */
  readonly #header = { sequence: 0, timestamp: 0, payloadStart: 0, payloadEnd: 0 };
  readonly #pulling: Timer;

  private constructor(options: InboundRtpOptions, endpoint: UdpEndpoint) {
    const { clock, random, onSamples, onDigit } = options;
    this.#clock = clock;
    this.#endpoint = endpoint;
    this.#onSamples = onSamples;
    this.#sound = new CallerSound({ random });
    this.#receiver = new RtpReceiver(new SourceLatch({ isStrict: false }), {
      onFrame: (frame) => this.#frame(frame),
      onDigit,
      onRestart: () => this.#sound.restart(),
    });
    this.#receiver.configure({
      codec: "PCMU",
      payloadType: 0,
      receivable: [
        { codec: "PCMU", payloadType: 0 },
        { codec: "PCMA", payloadType: 8 },
        { codec: "G722", payloadType: 9 },
      ],
      clockRateHz: 8000,
      ptimeMs: 20,
      telephoneEvent: 101,
      comfortNoise: 13,
      direction: "recvonly",
      remote: { address: "0.0.0.0", rtpPort: 0, rtcpPort: 0 },
      rtcpMux: false,
    });
    this.#pulling = clock.every(pullEveryMs, () => this.#pull());
  }

  /** Throws a WildfireError("socket") when the port cannot be opened. */
  static async open(options: InboundRtpOptions): Promise<InboundRtp> {
    const { hostname, port, clock } = options;
    let inbound: InboundRtp | undefined;
    const endpoint = await openUdp({
      hostname,
      port,
      onDatagram: (bytes, address, from) => inbound?.receive(bytes, address, from, clock.nowMs()),
      onError: () => undefined,
    });
    inbound = new InboundRtp(options, endpoint);
    return inbound;
  }

  get port(): number {
    return this.#endpoint.port;
  }

  /** One datagram; what is no packet of the sound is counted. */
  receive(bytes: Uint8Array, address: string, port: number, nowMs: number): void {
    this.#receiver.receive(bytes, address, port, nowMs);
  }

  status(): Record<string, unknown> {
    const { counts, refusals, restarts } = this.#receiver;
    const { waitMs, counters } = this.#sound;
    return {
      port: this.port,
      ...counts,
      restarts,
      refusals,
      jitterBuffer: { waitMs, ...counters },
    };
  }

  /** What has arrived is handed on first. */
  close(): void {
    this.#pulling.cancel();
    this.#endpoint.close();
    // What is missing now will never come: the sound behind it counts all the same.
    this.#pull(longestWaitMs);
  }

  #frame({ sequence, timestamp, payload, payloadType, arrivalMs }: RtpFrame): void {
    const format = formats.get(payloadType);
    if (format === undefined) return;
    this.#header.sequence = sequence;
    this.#header.timestamp = timestamp;
    this.#header.payloadEnd = payload.length;
    this.#sound.receive(this.#header, payload, arrivalMs, format);
  }

  #pull(aheadMs = 0): void {
    const nowMs = this.#clock.nowMs() + aheadMs;
    let samples = this.#sound.pull(nowMs);
    while (samples !== undefined) {
      this.#onSamples(samples);
      samples = this.#sound.pull(nowMs);
    }
  }
}

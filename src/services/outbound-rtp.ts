/** Plain RTP without a session around it: one packet in each frame period, silence between replies. */
import { createReplyCodec } from "../audio/reply-codec.ts";
import { createRtpHeader, rtpHeaderBytes, writeRtpHeader } from "../call/rtp/rtp-packet.ts";
import { formatErrno } from "../core/errno.ts";
import type { RepeatedLog } from "../core/repeated-log.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";
import type { HostPort } from "./host-port.ts";

export interface OutboundRtpOptions {
  /** With an IP address in place of a name. */
  readonly destination: HostPort;
  /** UDP port to send from; 0 lets the system choose. */
  readonly port: number;
  readonly format: OutboundFormat;
  readonly frameMs: number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly repeated: RepeatedLog;
}

export type OutboundFormat = "PCMU" | "PCMA";

/** RFC 3551 section 6. */
const payloadTypes = { PCMU: 0, PCMA: 8 } as const;

export class OutboundRtp {
  readonly #destination: HostPort;
  readonly #endpoint: UdpEndpoint;
  readonly #header = createRtpHeader();
  readonly #packet: Uint8Array;
  readonly #silence: Uint8Array;

  private constructor(options: OutboundRtpOptions, endpoint: UdpEndpoint) {
    this.#destination = options.destination;
    this.#endpoint = endpoint;
    const codec = createReplyCodec(options.format);
    const silence = new Float32Array((codec.rateHz * options.frameMs) / 1000);
    this.#silence = new Uint8Array(silence.length * codec.bytesPerSample);
    codec.encode(silence, this.#silence);
    this.#packet = new Uint8Array(rtpHeaderBytes + this.#silence.length);
    const random = new DataView(options.randomBytes(10).buffer);
    this.#header.payloadType = payloadTypes[options.format];
    this.#header.ssrc = random.getUint32(0);
    this.#header.timestamp = random.getUint32(4);
    this.#header.sequence = random.getUint16(8);
    this.#header.marker = true;
  }

  /** Throws a WildfireError("socket") when the port cannot be opened. */
  static async open(options: OutboundRtpOptions): Promise<OutboundRtp> {
    const { destination, port, repeated } = options;
    const endpoint = await openUdp({
      hostname: destination.host.includes(":") ? "::" : "0.0.0.0",
      port,
      onDatagram: () => undefined,
      onError: (errno) =>
        repeated.say("warn", "the destination takes no sound", () => ({
          errno: formatErrno(errno),
        })),
    });
    return new OutboundRtp(options, endpoint);
  }

  get port(): number {
    return this.#endpoint.port;
  }

  /** Periods that were left out show as a gap in the timestamps, not as lost packets. */
  send(frame: Uint8Array | undefined, missed: number): void {
    const header = this.#header;
    // One byte of G.711 is one sample.
    const frameSamples = this.#silence.length;
    header.timestamp = (header.timestamp + missed * frameSamples) >>> 0;
    writeRtpHeader(this.#packet, header);
    this.#packet.set(frame ?? this.#silence, rtpHeaderBytes);
    this.#endpoint.send(this.#packet, this.#destination.port, this.#destination.host);
    header.marker = false;
    header.sequence = (header.sequence + 1) & 0xffff;
    header.timestamp = (header.timestamp + frameSamples) >>> 0;
  }

  status(): Record<string, unknown> {
    const { sent, sentBytes, sendFailures, errors } = this.#endpoint.counters;
    return { port: this.port, sent, sentBytes, sendFailures, errors };
  }

  close(): void {
    this.#endpoint.close();
  }
}

/** RTCP of one call: reports every 5 s or so, and what those of the peer say. */
import type { Clock, Timer } from "../../core/clock.ts";
import { isNullAddress } from "../sdp/ip-address.ts";
import type { NegotiatedMedia } from "../sdp/negotiated-media.ts";
import { parseRtcp, type RtcpPacket } from "./rtcp-packet.ts";
import { RtcpReporter } from "./rtcp-reporter.ts";
import { writeRtcp } from "./rtcp-writer.ts";
import type { RtpReceiver } from "./rtp-receiver.ts";
import type { RtpSender } from "./rtp-sender.ts";
import type { MediaSource, SourceLatch } from "./source-latch.ts";
import type { SrtpPair } from "./srtp-pair.ts";

export interface RtcpLinkOptions {
  readonly clock: Clock;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly cname: string;
  readonly latch: SourceLatch;
  readonly receiver: RtpReceiver;
  readonly sender: RtpSender;
  readonly srtp: SrtpPair;
  /** The RTP time of this moment. */
  readonly rtpTime: () => number;
  readonly transmit: (bytes: Uint8Array, target: MediaSource) => void;
  /** The source that we hear says that it ends. */
  readonly onBye: () => void;
}

/** RFC 3550 section 6.2: spread over half to one and a half of it; the first comes after half as long. */
const intervalMs = 5000;

export class RtcpLink {
  readonly #options: RtcpLinkOptions;
  readonly #reporter: RtcpReporter;
  #media: NegotiatedMedia | undefined;
  /** Where the peer's RTCP comes from, when it has a port of its own. */
  #source: MediaSource | undefined;
  #timer: Timer | undefined;

  constructor(options: RtcpLinkOptions) {
    this.#options = options;
    const { clock, cname, sender } = options;
    this.#reporter = new RtcpReporter({ ssrc: sender.ssrc, cname, clock });
  }

  get roundTripMs(): number | undefined {
    return this.#reporter.roundTripMs;
  }

  get remoteLossFraction(): number | undefined {
    return this.#reporter.remoteLossFraction;
  }

  /** Reports go out from the first agreement on. */
  configure(media: NegotiatedMedia): void {
    if (this.#media === undefined) this.#plan(0.5);
    this.#media = media;
    this.#source = undefined;
  }

  /**
   * True when it was RTCP, from where the sound comes from or where the session description says; the
   * port may be another.
   */
  receive(bytes: Uint8Array, address: string, port: number): boolean {
    const { latch, receiver, srtp } = this.#options;
    const media = this.#media;
    if (media === undefined) return false;
    if (address !== latch.target?.address && address !== media.remote.address) {
      receiver.refusals.foreign += 1;
      return false;
    }
    const opened = srtp.receiver === undefined ? bytes : srtp.receiver.openRtcp(bytes);
    if (typeof opened === "string") {
      receiver.countFault(opened);
      return false;
    }
    const reading = parseRtcp(opened);
    if (!reading.ok) {
      receiver.refusals.malformed += 1;
      return false;
    }
    this.#source = { address, port };
    for (const packet of reading.packets) this.#note(packet);
    return true;
  }

  /** Takes leave, and sends nothing more. */
  close(): void {
    this.#timer?.cancel();
    // Who never sent anything has nothing to take leave from (RFC 3550 section 6.3.7).
    if (this.#options.sender.counts.packets > 0) this.#send(true);
    this.#media = undefined;
  }

  #note(packet: RtcpPacket): void {
    const { ssrc } = this.#options.receiver;
    this.#reporter.note(packet, ssrc);
    if (packet.kind === "bye" && packet.ssrcs.includes(ssrc)) this.#options.onBye();
  }

  #plan(share: number): void {
    const { clock, random } = this.#options;
    this.#timer = clock.after(intervalMs * share * (0.5 + random()), () => {
      this.#send(false);
      this.#plan(1);
    });
  }

  #send(isBye: boolean): void {
    const { sender, receiver, srtp, rtpTime, transmit } = this.#options;
    const target = this.#target();
    if (target === undefined) return;
    const compound = this.#reporter.compose({
      sent: sender.counts,
      timestamp: rtpTime(),
      reception: receiver.reception,
      remoteSsrc: receiver.ssrc,
      isBye,
    });
    const packet = writeRtcp(compound);
    transmit(srtp.sender === undefined ? packet : srtp.sender.protectRtcp(packet), target);
  }

  #target(): MediaSource | undefined {
    const media = this.#media;
    if (media === undefined || isNullAddress(media.remote.address)) return undefined;
    if (media.rtcpMux) return this.#options.latch.target;
    if (this.#source !== undefined) return this.#source;
    const { address, rtcpPort: port } = media.remote;
    return port === 0 ? undefined : { address, port };
  }
}

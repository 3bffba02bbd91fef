/**
 * RTP and RTCP of one call: two sockets around the sender, the receiver and the reports. Everything
 * that it holds (sockets, ports, timers) is freed by `close`.
 */
import type { Clock } from "../../core/clock.ts";
import { isNullAddress, plainAddress } from "../sdp/ip-address.ts";
import { type NegotiatedMedia, sends } from "../sdp/negotiated-media.ts";
import { DigitSender } from "./digit-sender.ts";
import { openPortPair, type PortPair } from "./port-pair.ts";
import type { RtpPortPool } from "./port-pool.ts";
import { RtcpLink } from "./rtcp-link.ts";
import { isRtcp } from "./rtp-packet.ts";
import { RtpReceiver, type RtpReceiverHandlers } from "./rtp-receiver.ts";
import { RtpSender } from "./rtp-sender.ts";
import { type RtpStatistics, summariseStatistics } from "./rtp-statistics.ts";
import { SourceLatch } from "./source-latch.ts";
import { SrtpPair } from "./srtp-pair.ts";
import type { PlannedEvent } from "./telephone-event-plan.ts";

export interface RtpSessionHandlers extends RtpReceiverHandlers {
  /** RTCP BYE: the source says that it ends. The call itself is ended by SIP. */
  onBye(): void;
}

export interface RtpSessionOptions {
  /** IP address to bind. */
  readonly hostname: string;
  readonly pool: RtpPortPool;
  readonly clock: Clock;
  /** 0 up to 1: spreads the RTCP reports. */
  readonly random: () => number;
  /** Makes SSRC, first sequence number, first timestamp and the RTCP name. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Only the address and port that the session description names may send. */
  readonly isStrict?: boolean;
  readonly handlers: RtpSessionHandlers;
}

export interface DigitOptions {
  /** How long each key is held; 100 ms unless told. */
  readonly heldMs?: number;
  /** Between two keys; 80 ms unless told. */
  readonly gapMs?: number;
}

const samplesPerMs = 8;
const usualHeldMs = 100;
const usualGapMs = 80;

export class RtpSession {
  readonly rtpPort: number;
  readonly rtcpPort: number;
  readonly #options: RtpSessionOptions;
  readonly #sockets: PortPair;
  readonly #latch: SourceLatch;
  readonly #srtp = new SrtpPair();
  readonly #receiver: RtpReceiver;
  readonly #sender: RtpSender;
  readonly #rtcp: RtcpLink;
  readonly #digits: DigitSender;
  #media: NegotiatedMedia | undefined;
  #lastHeardMs: number;
  /** When the RTP time of the sender was last moved on. */
  #movedAtMs: number;
  #socketErrors = 0;
  #isClosed = false;

  private constructor(options: RtpSessionOptions, sockets: PortPair) {
    const { clock, random, randomBytes, handlers } = options;
    this.#options = options;
    this.#sockets = sockets;
    this.rtpPort = sockets.rtp.port;
    this.rtcpPort = sockets.rtcp.port;
    this.#lastHeardMs = clock.nowMs();
    this.#movedAtMs = this.#lastHeardMs;
    this.#latch = new SourceLatch({ isStrict: options.isStrict ?? false });
    this.#receiver = new RtpReceiver(this.#latch, handlers);
    this.#sender = new RtpSender(randomBytes);
    this.#digits = new DigitSender({
      clock,
      onPacketTime: (planned, samples) => this.#sendEvent(planned, samples),
    });
    this.#rtcp = new RtcpLink({
      clock,
      random,
      cname: Buffer.from(randomBytes(12)).toString("base64url"),
      latch: this.#latch,
      receiver: this.#receiver,
      sender: this.#sender,
      srtp: this.#srtp,
      rtpTime: () => this.#rtpTime(),
      transmit: (bytes, target) => {
        const socket = this.#media?.rtcpMux === true ? sockets.rtp : sockets.rtcp;
        socket.send(bytes, target.port, target.address);
      },
      onBye: () => handlers.onBye(),
    });
  }

  /** Throws a WildfireError("socket") when no pair of ports can be opened. */
  static async open(options: RtpSessionOptions): Promise<RtpSession> {
    let session: RtpSession | undefined;
    const sockets = await openPortPair({
      hostname: options.hostname,
      pool: options.pool,
      onRtp: (bytes, address, port) => {
        if (session !== undefined) session.#receiveRtp(bytes, plainAddress(address), port);
      },
      onRtcp: (bytes, address, port) => {
        if (session !== undefined) session.#receiveRtcp(bytes, plainAddress(address), port);
      },
      onError: () => {
        if (session !== undefined) session.#socketErrors += 1;
      },
    });
    session = new RtpSession(options, sockets);
    return session;
  }

  /** When the peer last proved that it lives, by RTP or RTCP; at first when the session was opened. */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  /** True while keys are being sent, which take the place of the sound. */
  get isSendingDigits(): boolean {
    return this.#digits.isActive;
  }

  /** The first agreement and each later one. Before it nothing is sent, and what arrives is refused. */
  configure(media: NegotiatedMedia): void {
    if (this.#isClosed) return;
    this.#media = media;
    this.#srtp.use(media.srtp);
    this.#sender.protectWith(this.#srtp.sender);
    this.#receiver.openWith(this.#srtp.receiver);
    this.#receiver.configure(media);
    this.#rtcp.configure(media);
    if (media.telephoneEvent === undefined) this.#digits.stop();
    if (isNullAddress(media.remote.address)) return;
    const { address, rtpPort: port } = media.remote;
    this.#latch.expect({ address, port }, this.#options.clock.nowMs());
  }

  /**
   * Sends one packet of sound that takes `samples` of 1/8000 s. While the peer does not listen, or keys
   * are being sent, only time goes on.
   */
  send(payload: Uint8Array, samples: number, marker = false): void {
    const media = this.#media;
    if (this.#digits.isActive) return;
    this.#noteMove();
    if (media !== undefined && this.#maySend(media)) {
      this.#transmit(this.#sender.audio(media.payloadType, payload, samples, marker));
    } else {
      this.#sender.skip(samples);
    }
  }

  /** The noise to play from here on (RFC 3389), in place of sound; not sent where nobody agreed to it. */
  sendComfortNoise(payload: Uint8Array, samples: number): void {
    const media = this.#media;
    if (this.#digits.isActive) return;
    this.#noteMove();
    if (media?.comfortNoise !== undefined && this.#maySend(media)) {
      this.#transmit(this.#sender.comfortNoise(media.comfortNoise, payload, samples));
    } else {
      this.#sender.skip(samples);
    }
  }

  /** Lets time go on without a packet. */
  skip(samples: number): void {
    if (this.#digits.isActive) return;
    this.#noteMove();
    this.#sender.skip(samples);
  }

  /**
   * Sends keys by RFC 4733, `0`..`9`, `*`, `#`, `A`..`D`. False, and nothing is sent, when the peer
   * takes none that way, a character is no key, or more than 64 would wait.
   */
  sendDigits(digits: string, options: DigitOptions = {}): boolean {
    const media = this.#media;
    if (this.#isClosed || media?.telephoneEvent === undefined) return false;
    const { heldMs = usualHeldMs, gapMs = usualGapMs } = options;
    return this.#digits.push(digits, { ptimeMs: media.ptimeMs, heldMs, gapMs });
  }

  statistics(): RtpStatistics {
    const { rtp, rtcp } = this.#sockets;
    return summariseStatistics({
      sent: this.#sender.counts,
      received: this.#receiver.counts,
      jitterMs: this.#receiver.reception.jitterMs,
      roundTripMs: this.#rtcp.roundTripMs,
      remoteLossFraction: this.#rtcp.remoteLossFraction,
      ptimeMs: this.#media?.ptimeMs ?? 0,
      restarts: this.#receiver.restarts,
      refused: this.#receiver.refusals,
      socketErrors: this.#socketErrors,
      sendFailures: rtp.counters.sendFailures + rtcp.counters.sendFailures,
    });
  }

  /** Says BYE by RTCP and frees everything; a second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#digits.stop();
    this.#rtcp.close();
    this.#isClosed = true;
    this.#sockets.rtp.close();
    this.#sockets.rtcp.close();
    this.#options.pool.giveBack(this.rtpPort);
  }

  /** What the RTP socket got: RTP, and with rtcp-mux RTCP. */
  #receiveRtp(bytes: Uint8Array, address: string, port: number): void {
    if (this.#isClosed) return;
    if (this.#media?.rtcpMux === true && isRtcp(bytes)) {
      this.#receiveRtcp(bytes, address, port);
      return;
    }
    const nowMs = this.#options.clock.nowMs();
    if (this.#receiver.receive(bytes, address, port, nowMs)) this.#lastHeardMs = nowMs;
  }

  #receiveRtcp(bytes: Uint8Array, address: string, port: number): void {
    if (this.#isClosed || !this.#rtcp.receive(bytes, address, port)) return;
    this.#lastHeardMs = this.#options.clock.nowMs();
  }

  #maySend(media: NegotiatedMedia): boolean {
    return !this.#isClosed && sends(media.direction) && !isNullAddress(media.remote.address);
  }

  #transmit(packet: Uint8Array): void {
    const target = this.#latch.target;
    if (target !== undefined) this.#sockets.rtp.send(packet, target.port, target.address);
  }

  #sendEvent(planned: PlannedEvent | undefined, samples: number): void {
    const media = this.#media;
    this.#noteMove();
    if (planned !== undefined && media?.telephoneEvent !== undefined && this.#maySend(media)) {
      this.#transmit(this.#sender.event(media.telephoneEvent, planned));
    }
    this.#sender.skip(samples);
  }

  #noteMove(): void {
    this.#movedAtMs = this.#options.clock.nowMs();
  }

  #rtpTime(): number {
    const sinceMs = this.#options.clock.nowMs() - this.#movedAtMs;
    return (this.#sender.timestamp + Math.round(sinceMs * samplesPerMs)) >>> 0;
  }
}

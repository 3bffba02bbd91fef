/** The packets of one call on their way in: whose they are, whether they are good, in which order they come. */
import { type NegotiatedMedia, receives } from "../sdp/negotiated-media.ts";
import { ByteWindow } from "./byte-window.ts";
import { Reception, type ReceptionCounts } from "./reception.ts";
import { createRtpHeader, maxPacketBytes, parseRtpHeader, trimPadding } from "./rtp-packet.ts";
import type { SourceLatch } from "./source-latch.ts";
import type { SrtpFault, SrtpReceiver } from "./srtp-receiver.ts";
import { TelephoneEventReader } from "./telephone-event-reader.ts";

/** One object for all frames of a call: who keeps something of it, copies it. */
export interface RtpFrame {
  payloadType: number;
  sequence: number;
  timestamp: number;
  marker: boolean;
  ssrc: number;
  /** By the clock's `nowMs`. */
  arrivalMs: number;
  /** Overwritten by the next packet. */
  payload: Uint8Array;
}

export interface RtpReceiverHandlers {
  /**
   * Every good packet once, in the order of arrival: audio, comfort noise, and telephone events too,
   * since they take the place of sound.
   */
  onFrame(frame: RtpFrame): void;
  /** A key was pressed, `0`..`9`, `*`, `#`, `A`..`D`; told once. */
  onDigit(digit: string): void;
  /** Sequence numbers and time count anew from the frame that follows. */
  onRestart(ssrc: number): void;
}

export interface RefusalCounts {
  /** Not RTP, or longer than any packet of a telephone. */
  malformed: number;
  /** From another source than the one that the call is latched on. */
  foreign: number;
  /** Of a payload type that nobody negotiated. */
  unknownPayload: number;
  /** SRTP whose tag is wrong. */
  unauthentic: number;
  /** SRTP that was here before. */
  replayed: number;
  /** Alone among the others, by its number or by a source that had been left. */
  stray: number;
}

/** A source that was left may have packets under way. */
const farewellMs = 500;

export class RtpReceiver {
  readonly refusals: RefusalCounts = {
    malformed: 0,
    foreign: 0,
    unknownPayload: 0,
    unauthentic: 0,
    replayed: 0,
    stray: 0,
  };
  readonly #handlers: RtpReceiverHandlers;
  readonly #latch: SourceLatch;
  readonly #header = createRtpHeader();
  readonly #window = new ByteWindow(maxPacketBytes);
  readonly #events = new TelephoneEventReader();
  readonly #frame: RtpFrame = {
    payloadType: 0,
    sequence: 0,
    timestamp: 0,
    marker: false,
    ssrc: 0,
    arrivalMs: 0,
    payload: this.#window.view(0, 0),
  };
  readonly #past = { received: 0, lost: 0, late: 0, duplicates: 0 };
  readonly #isKnownPayload = new Uint8Array(128);
  #srtp: SrtpReceiver | undefined;
  #telephoneEvent = -1;
  #isReceiving = false;
  #reception = new Reception();
  #ssrc = -1;
  #leftSsrc = -1;
  #switchedAtMs = 0;
  #restarts = 0;

  constructor(latch: SourceLatch, handlers: RtpReceiverHandlers) {
    this.#latch = latch;
    this.#handlers = handlers;
  }

  /** -1 before the first good packet. */
  get ssrc(): number {
    return this.#ssrc;
  }

  get reception(): Reception {
    return this.#reception;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Of the whole call. */
  get counts(): ReceptionCounts {
    const now = this.#reception.counts;
    return {
      received: this.#past.received + now.received,
      lost: this.#past.lost + now.lost,
      late: this.#past.late + now.late,
      duplicates: this.#past.duplicates + now.duplicates,
    };
  }

  configure(media: NegotiatedMedia): void {
    this.#isKnownPayload.fill(0);
    for (const { payloadType } of media.receivable) this.#isKnownPayload[payloadType] = 1;
    if (media.comfortNoise !== undefined) this.#isKnownPayload[media.comfortNoise] = 1;
    if (media.telephoneEvent !== undefined) this.#isKnownPayload[media.telephoneEvent] = 1;
    this.#telephoneEvent = media.telephoneEvent ?? -1;
    this.#isReceiving = receives(media.direction);
  }

  openWith(srtp: SrtpReceiver | undefined): void {
    this.#srtp = srtp;
  }

  /** True when the packet was a good one. */
  receive(bytes: Uint8Array, address: string, port: number, nowMs: number): boolean {
    if (!this.#latch.allows(address, port, nowMs)) {
      this.refusals.foreign += 1;
      return false;
    }
    if (!this.#open(bytes)) return false;
    this.#latch.accept(address, port, nowMs);
    if (this.#place(nowMs)) this.#deliver(nowMs);
    return true;
  }

  /** Leaves header and payload in the header and the window. */
  #open(bytes: Uint8Array): boolean {
    const header = this.#header;
    if (
      bytes.length > maxPacketBytes ||
      parseRtpHeader(bytes, bytes.length, header) !== undefined
    ) {
      this.refusals.malformed += 1;
      return false;
    }
    if (this.#isKnownPayload[header.payloadType] !== 1) {
      this.refusals.unknownPayload += 1;
      return false;
    }
    this.#window.bytes.set(bytes);
    const fault = this.#srtp?.openRtp(this.#window, header);
    if (fault !== undefined) {
      this.countFault(fault);
      return false;
    }
    if (trimPadding(this.#window.bytes, header) === undefined) return true;
    this.refusals.malformed += 1;
    return false;
  }

  /** Also for SRTCP, whose datagrams are counted with the others. */
  countFault(fault: SrtpFault): void {
    if (fault === "short") this.refusals.malformed += 1;
    else if (fault === "replay") this.refusals.replayed += 1;
    else this.refusals.unauthentic += 1;
  }

  /** True when the packet has a place in the stream. */
  #place(nowMs: number): boolean {
    const { ssrc, sequence, timestamp, payloadType } = this.#header;
    if (ssrc !== this.#ssrc && !this.#follow(ssrc, nowMs)) {
      this.refusals.stray += 1;
      return false;
    }
    let arrival = this.#reception.note(sequence);
    if (arrival === "restart") {
      this.#restart();
      arrival = this.#reception.note(sequence);
    }
    if (arrival === "stray") this.refusals.stray += 1;
    if (arrival === "new" && payloadType !== this.#telephoneEvent) {
      this.#reception.noteTiming(timestamp, nowMs);
    }
    return arrival === "new" || arrival === "late";
  }

  /** False for the last packets of a source that another one has followed. */
  #follow(ssrc: number, nowMs: number): boolean {
    if (ssrc === this.#leftSsrc && nowMs - this.#switchedAtMs < farewellMs) return false;
    const isFirst = this.#ssrc < 0;
    this.#leftSsrc = this.#ssrc;
    this.#ssrc = ssrc;
    this.#switchedAtMs = nowMs;
    if (!isFirst) this.#restart();
    return true;
  }

  #restart(): void {
    const { received, lost, late, duplicates } = this.#reception.counts;
    this.#past.received += received;
    this.#past.lost += lost;
    this.#past.late += late;
    this.#past.duplicates += duplicates;
    this.#reception = new Reception();
    this.#events.reset();
    this.#restarts += 1;
    this.#handlers.onRestart(this.#ssrc);
  }

  #deliver(arrivalMs: number): void {
    const { payloadStart, payloadEnd } = this.#header;
    if (!this.#isReceiving || payloadStart === payloadEnd) return;
    const frame = this.#frame;
    frame.payloadType = this.#header.payloadType;
    frame.sequence = this.#header.sequence;
    frame.timestamp = this.#header.timestamp;
    frame.marker = this.#header.marker;
    frame.ssrc = this.#header.ssrc;
    frame.arrivalMs = arrivalMs;
    frame.payload = this.#window.view(payloadStart, payloadEnd);
    if (frame.payloadType === this.#telephoneEvent) {
      const digit = this.#events.push(frame, frame.payload);
      if (digit !== undefined) this.#handlers.onDigit(digit);
    }
    this.#handlers.onFrame(frame);
  }
}

/** What RTCP says of a call, in both directions (RFC 3550 section 6.4), and the round trip that follows from it. */
import type { Clock } from "../../core/clock.ts";
import type { Reception } from "./reception.ts";
import type { ReceptionReport, RtcpPacket, SenderInfo } from "./rtcp-packet.ts";
import type { RtcpCompound } from "./rtcp-writer.ts";
import type { SentCounts } from "./rtp-sender.ts";

/** From 1900, where NTP counts from, to 1970. */
const ntpOffsetSeconds = 2_208_988_800;
const ntpUnits = 0x1_0000;
const fractionUnits = 0x1_0000_0000;
/** Beyond this the numbers of a report are wrong, not the line slow. */
const longestRoundTripMs = 30_000;

export interface RtcpReporterOptions {
  readonly ssrc: number;
  readonly cname: string;
  readonly clock: Clock;
}

export interface StreamSnapshot {
  readonly sent: SentCounts;
  /** The RTP time of this moment. */
  readonly timestamp: number;
  readonly reception: Reception;
  /** Of the source that is received, -1 for none. */
  readonly remoteSsrc: number;
  readonly isBye: boolean;
}

export class RtcpReporter {
  readonly #options: RtcpReporterOptions;
  /** Wall clock minus monotonic clock at the beginning: NTP time that never jumps. */
  readonly #wallOffsetMs: number;
  #sentBefore = 0;
  #lastReport = 0;
  #lastReportAtMs = 0;
  #roundTripMs: number | undefined;
  #remoteLossFraction: number | undefined;

  constructor(options: RtcpReporterOptions) {
    this.#options = options;
    this.#wallOffsetMs = options.clock.wallMs() - options.clock.nowMs();
  }

  /** As the peer's last report shows it. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** 0..1, of what we sent, as the peer last reported it. */
  get remoteLossFraction(): number | undefined {
    return this.#remoteLossFraction;
  }

  note(packet: RtcpPacket, remoteSsrc: number): void {
    if (packet.kind !== "sr" && packet.kind !== "rr") return;
    const nowMs = this.#options.clock.nowMs();
    if (packet.kind === "sr" && (remoteSsrc < 0 || packet.ssrc === remoteSsrc)) {
      const { ntpSeconds, ntpFraction } = packet.sender;
      this.#lastReport = middleOf(ntpSeconds, ntpFraction);
      this.#lastReportAtMs = nowMs;
    }
    const report = packet.reports.find((candidate) => candidate.ssrc === this.#options.ssrc);
    if (report !== undefined) this.#noteReport(report, nowMs);
  }

  /** What is said now; each call begins a new interval for the loss fraction. */
  compose({ sent, timestamp, reception, remoteSsrc, isBye }: StreamSnapshot): RtcpCompound {
    const { ssrc, cname, clock } = this.#options;
    const nowMs = clock.nowMs();
    const isSending = sent.packets > this.#sentBefore;
    this.#sentBefore = sent.packets;
    const sender = { ...this.#ntpTime(nowMs), rtpTimestamp: timestamp, ...sent };
    const report = this.#report(reception, remoteSsrc, nowMs);
    return {
      ssrc,
      cname,
      isBye,
      ...(isSending ? { sender } : {}),
      ...(report === undefined ? {} : { report }),
    };
  }

  #report(reception: Reception, ssrc: number, nowMs: number): ReceptionReport | undefined {
    if (ssrc < 0) return undefined;
    const delayMs = nowMs - this.#lastReportAtMs;
    const delaySinceLastReport =
      this.#lastReport === 0 ? 0 : Math.round((delayMs * ntpUnits) / 1000) >>> 0;
    return { ssrc, ...reception.takeReport(), lastReport: this.#lastReport, delaySinceLastReport };
  }

  #noteReport(report: ReceptionReport, nowMs: number): void {
    this.#remoteLossFraction = report.fractionLost / 256;
    if (report.lastReport === 0) return;
    const { ntpSeconds, ntpFraction } = this.#ntpTime(nowMs);
    const now = middleOf(ntpSeconds, ntpFraction);
    const units = (now - report.lastReport - report.delaySinceLastReport) | 0;
    const roundTripMs = (units * 1000) / ntpUnits;
    // The peer's clock is coarse, so that next to nothing may come out as a little less than nothing.
    if (roundTripMs > -50 && roundTripMs < longestRoundTripMs) {
      this.#roundTripMs = Math.max(0, roundTripMs);
    }
  }

  #ntpTime(nowMs: number): Pick<SenderInfo, "ntpSeconds" | "ntpFraction"> {
    const seconds = (nowMs + this.#wallOffsetMs) / 1000 + ntpOffsetSeconds;
    const whole = Math.floor(seconds);
    const ntpFraction = Math.floor((seconds - whole) * fractionUnits);
    return { ntpSeconds: whole % fractionUnits, ntpFraction };
  }
}

/** The middle 32 of the 64 bits of NTP time. */
function middleOf(seconds: number, fraction: number): number {
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
}

/** Opens what arrives: SRTP and SRTCP (RFC 3711 section 3), in place; nothing changes state before its tag is right. */
import type { ByteWindow } from "./byte-window.ts";
import { ReplayWindow } from "./replay-window.ts";
import type { RtpHeader } from "./rtp-packet.ts";
import { readUint32, writeUint32 } from "./serial-numbers.ts";
import { SrtpCipher, tagMatches } from "./srtp-cipher.ts";
import { deriveSessionKeys } from "./srtp-keys.ts";
import { srtcpClearBytes, srtcpIndexBytes } from "./srtp-sender.ts";
import { srtcpTagBytes, type SrtpSuite, suiteSizes } from "./srtp-suite.ts";

export type SrtpFault = "short" | "replay" | "tag";

/** One key serves a few sources in the life of a call, one after the other. */
const keptSources = 4;
const cycle = 0x1_0000;

/** What is known of one source of packets. */
interface SourceState {
  readonly replay: ReplayWindow;
  rollover: number;
  /** The highest sequence number, -1 before the first packet. */
  sequence: number;
}

export class SrtpReceiver {
  readonly #rtp: SrtpCipher;
  readonly #rtcp: SrtpCipher;
  readonly #tagBytes: number;
  readonly #sources = new Map<number, SourceState>();
  readonly #rtcpReplays = new Map<number, ReplayWindow>();
  readonly #rolloverBytes = new Uint8Array(4);
  readonly #range = { start: 0, end: 0 };
  readonly #index = { high: 0, low: 0 };

  constructor(suite: SrtpSuite, master: Uint8Array) {
    this.#rtp = new SrtpCipher(deriveSessionKeys(suite, master, "rtp"));
    this.#rtcp = new SrtpCipher(deriveSessionKeys(suite, master, "rtcp"));
    this.#tagBytes = suiteSizes(suite).tagBytes;
  }

  /**
   * Decrypts the packet whose header was read and shortens `header.payloadEnd` by the tag. Padding
   * can be looked at only afterwards.
   */
  openRtp(packet: ByteWindow, header: RtpHeader): SrtpFault | undefined {
    const end = header.payloadEnd - this.#tagBytes;
    if (end < header.payloadStart) return "short";
    const source = this.#sources.get(header.ssrc) ?? newSource();
    const rollover = guessRollover(source, header.sequence);
    const packetIndex = rollover * cycle + header.sequence;
    if (!source.replay.isFresh(packetIndex)) return "replay";
    writeUint32(this.#rolloverBytes, 0, rollover);
    const tag = this.#rtp.authenticate(packet.view(0, end), this.#rolloverBytes);
    if (!tagMatches(packet.bytes, end, tag, this.#tagBytes)) return "tag";

    keep(this.#sources, header.ssrc, source);
    source.replay.note(packetIndex);
    if (packetIndex > source.rollover * cycle + source.sequence) {
      source.rollover = rollover;
      source.sequence = header.sequence;
    }
    this.#range.start = header.payloadStart;
    this.#range.end = end;
    this.#index.high = rollover;
    this.#index.low = header.sequence;
    this.#rtp.applyKeystream(packet.bytes, this.#range, header.ssrc, this.#index);
    header.payloadEnd = end;
    return undefined;
  }

  /** The RTCP packet in clear, in a new array: RTCP is rare. */
  openRtcp(packet: Uint8Array): Uint8Array | SrtpFault {
    const tagAt = packet.length - srtcpTagBytes;
    const end = tagAt - srtcpIndexBytes;
    if (end < srtcpClearBytes) return "short";
    const word = readUint32(packet, end);
    const ssrc = readUint32(packet, 4);
    const rtcpIndex = word & 0x7fff_ffff;
    const replay = this.#rtcpReplays.get(ssrc) ?? new ReplayWindow();
    if (!replay.isFresh(rtcpIndex)) return "replay";
    const tag = this.#rtcp.authenticate(packet.subarray(0, tagAt));
    if (!tagMatches(packet, tagAt, tag, srtcpTagBytes)) return "tag";

    keep(this.#rtcpReplays, ssrc, replay);
    replay.note(rtcpIndex);
    const bytes = packet.slice(0, end);
    const isEncrypted = word >>> 31 === 1;
    const index = { high: rtcpIndex >>> 16, low: rtcpIndex & 0xffff };
    if (isEncrypted) {
      this.#rtcp.applyKeystream(bytes, { start: srtcpClearBytes, end }, ssrc, index);
    }
    return bytes;
  }
}

function newSource(): SourceState {
  return { replay: new ReplayWindow(), rollover: 0, sequence: -1 };
}

/** Section 3.3.1: the cycle that brings the number closest to the highest one so far; perhaps -1. */
function guessRollover({ rollover, sequence: highest }: SourceState, sequence: number): number {
  if (highest < 0) return rollover;
  if (sequence - highest > cycle / 2) return rollover - 1;
  if (highest - sequence > cycle / 2) return rollover + 1;
  return rollover;
}

/** The source that was kept first makes room; only authentic packets come this far. */
function keep<T>(map: Map<number, T>, ssrc: number, value: T): void {
  if (map.has(ssrc)) return;
  for (const oldest of map.keys()) {
    if (map.size < keptSources) break;
    map.delete(oldest);
  }
  map.set(ssrc, value);
}

/** RTCP packets (RFC 3550 section 6), read from compounds. */
import { readUint32 } from "./serial-numbers.ts";

export const rtcpTypes = { sr: 200, rr: 201, sdes: 202, bye: 203 } as const;

/** What one side tells about the packets that it receives from a source. */
export interface ReceptionReport {
  /** Of the source that is reported on. */
  readonly ssrc: number;
  /** Lost since the last report, in 1/256. */
  readonly fractionLost: number;
  /** Since the beginning; negative with duplicates. */
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  /** In units of the RTP timestamp. */
  readonly jitter: number;
  /** The middle of the last sender report's NTP time, 0 when none came. */
  readonly lastReport: number;
  /** Since that report came, in 1/65536 s. */
  readonly delaySinceLastReport: number;
}

export interface SenderInfo {
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

export type RtcpPacket =
  | {
      readonly kind: "sr";
      readonly ssrc: number;
      readonly sender: SenderInfo;
      readonly reports: readonly ReceptionReport[];
    }
  | { readonly kind: "rr"; readonly ssrc: number; readonly reports: readonly ReceptionReport[] }
  | { readonly kind: "sdes"; readonly chunks: readonly SourceDescription[] }
  | { readonly kind: "bye"; readonly ssrcs: readonly number[]; readonly reason: string }
  | { readonly kind: "other"; readonly type: number };

export interface SourceDescription {
  readonly ssrc: number;
  /** Undefined when the source did not give one. */
  readonly cname: string | undefined;
}

export type RtcpFault = "short" | "version" | "length" | "padding" | "content";

export type RtcpReading =
  | { readonly ok: true; readonly packets: readonly RtcpPacket[] }
  | { readonly ok: false; readonly fault: RtcpFault };

const headerBytes = 4;
const reportBytes = 24;
const senderInfoBytes = 20;
const cnameItem = 1;
const decoder = new TextDecoder();

/** Reads a whole datagram; one bad packet condemns all of it. Types that we do not know are passed over. */
export function parseRtcp(bytes: Uint8Array): RtcpReading {
  const packets: RtcpPacket[] = [];
  let at = 0;
  if (bytes.length < headerBytes) return { ok: false, fault: "short" };
  while (at < bytes.length) {
    const part = framePacket(bytes, at);
    if (typeof part === "string") return { ok: false, fault: part };
    const packet = parsePacket(part.bytes, part.count);
    if (packet === undefined) return { ok: false, fault: "content" };
    packets.push(packet);
    at = part.next;
  }
  return { ok: true, packets };
}

interface Framed {
  /** Header included, padding excluded. */
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly next: number;
}

function framePacket(bytes: Uint8Array, at: number): Framed | RtcpFault {
  if (at + headerBytes > bytes.length) return "short";
  const word = readUint32(bytes, at);
  if (word >>> 30 !== 2) return "version";
  const next = at + ((word & 0xffff) + 1) * 4;
  if (next > bytes.length) return "length";
  let end = next;
  if ((word & 0x2000_0000) !== 0) {
    const padding = bytes[next - 1] ?? 0;
    // Only the last packet of a compound may be padded (section 6.4.1).
    if (next !== bytes.length || padding === 0 || padding > next - at - headerBytes) {
      return "padding";
    }
    end -= padding;
  }
  return { bytes: bytes.subarray(at, end), count: (word >>> 24) & 0x1f, next };
}

function parsePacket(bytes: Uint8Array, count: number): RtcpPacket | undefined {
  const type = bytes[1] ?? 0;
  if (type === rtcpTypes.sr) return parseSenderReport(bytes, count);
  if (type === rtcpTypes.rr) return parseReceiverReport(bytes, count);
  if (type === rtcpTypes.sdes) return parseSourceDescriptions(bytes, count);
  if (type === rtcpTypes.bye) return parseBye(bytes, count);
  return { kind: "other", type };
}

function parseSenderReport(bytes: Uint8Array, count: number): RtcpPacket | undefined {
  const reportsAt = headerBytes + 4 + senderInfoBytes;
  const reports = parseReports(bytes, reportsAt, count);
  if (reports === undefined) return undefined;
  const sender = {
    ntpSeconds: readUint32(bytes, 8),
    ntpFraction: readUint32(bytes, 12),
    rtpTimestamp: readUint32(bytes, 16),
    packets: readUint32(bytes, 20),
    octets: readUint32(bytes, 24),
  };
  return { kind: "sr", ssrc: readUint32(bytes, 4), sender, reports };
}

function parseReceiverReport(bytes: Uint8Array, count: number): RtcpPacket | undefined {
  const reports = parseReports(bytes, headerBytes + 4, count);
  return reports && { kind: "rr", ssrc: readUint32(bytes, 4), reports };
}

function parseReports(bytes: Uint8Array, at: number, count: number): ReceptionReport[] | undefined {
  if (at + count * reportBytes > bytes.length) return undefined;
  const reports: ReceptionReport[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = at + index * reportBytes;
    const loss = readUint32(bytes, start + 4);
    reports.push({
      ssrc: readUint32(bytes, start),
      fractionLost: loss >>> 24,
      cumulativeLost: (loss << 8) >> 8,
      highestSequence: readUint32(bytes, start + 8),
      jitter: readUint32(bytes, start + 12),
      lastReport: readUint32(bytes, start + 16),
      delaySinceLastReport: readUint32(bytes, start + 20),
    });
  }
  return reports;
}

/** Chunks of items, each chunk ended by a zero and filled up to 32 bits (section 6.5). */
function parseSourceDescriptions(bytes: Uint8Array, count: number): RtcpPacket | undefined {
  const chunks: SourceDescription[] = [];
  let at = headerBytes;
  for (let index = 0; index < count; index += 1) {
    if (at + 4 > bytes.length) return undefined;
    const ssrc = readUint32(bytes, at);
    let cname: string | undefined;
    at += 4;
    while (at < bytes.length && bytes[at] !== 0) {
      const start = at + 2;
      const end = start + (bytes[at + 1] ?? 0);
      if (start > bytes.length || end > bytes.length) return undefined;
      if (bytes[at] === cnameItem) cname = decoder.decode(bytes.subarray(start, end));
      at = end;
    }
    if (at >= bytes.length) return undefined;
    at = (at & ~3) + 4;
    chunks.push({ ssrc, cname });
  }
  return { kind: "sdes", chunks };
}

function parseBye(bytes: Uint8Array, count: number): RtcpPacket | undefined {
  const reasonAt = headerBytes + count * 4;
  if (reasonAt > bytes.length) return undefined;
  const ssrcs: number[] = [];
  for (let at = headerBytes; at < reasonAt; at += 4) ssrcs.push(readUint32(bytes, at));
  const start = reasonAt + 1;
  const end = start + (bytes[reasonAt] ?? 0);
  if (start > bytes.length) return { kind: "bye", ssrcs, reason: "" };
  if (end > bytes.length) return undefined;
  return { kind: "bye", ssrcs, reason: decoder.decode(bytes.subarray(start, end)) };
}

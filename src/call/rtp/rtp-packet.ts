/** RTP packets (RFC 3550 section 5.1), read into and written from one reused header. */
import { readUint16, readUint32, writeUint16, writeUint32 } from "./serial-numbers.ts";

export const rtpHeaderBytes = 12;
/** More than any packet that a telephone sends; what is longer is not looked at. */
export const maxPacketBytes = 2048;

export type RtpFault = "short" | "version" | "csrc" | "extension" | "padding";

/** Overwritten with each packet. */
export interface RtpHeader {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  hasPadding: boolean;
  /** Where the payload lies within the packet. */
  payloadStart: number;
  payloadEnd: number;
}

export function createRtpHeader(): RtpHeader {
  return {
    payloadType: 0,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    hasPadding: false,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

/** Reads the packet in the first `length` bytes; what is wrong with it, or undefined. */
export function parseRtp(
  bytes: Uint8Array,
  length: number,
  header: RtpHeader,
): RtpFault | undefined {
  return parseRtpHeader(bytes, length, header) ?? trimPadding(bytes, header);
}

/** The same without looking into the payload, which SRTP may have encrypted. */
export function parseRtpHeader(
  bytes: Uint8Array,
  length: number,
  header: RtpHeader,
): RtpFault | undefined {
  if (length < rtpHeaderBytes || length > bytes.length) return "short";
  const first = bytes[0] ?? 0;
  if (first >> 6 !== 2) return "version";
  let start = rtpHeaderBytes + (first & 0x0f) * 4;
  if (start > length) return "csrc";
  if ((first & 0x10) !== 0) {
    if (start + 4 > length) return "extension";
    start += 4 + readUint16(bytes, start + 2) * 4;
    if (start > length) return "extension";
  }
  const second = bytes[1] ?? 0;
  header.marker = (second & 0x80) !== 0;
  header.payloadType = second & 0x7f;
  header.sequence = readUint16(bytes, 2);
  header.timestamp = readUint32(bytes, 4);
  header.ssrc = readUint32(bytes, 8);
  header.hasPadding = (first & 0x20) !== 0;
  header.payloadStart = start;
  header.payloadEnd = length;
  return undefined;
}

/** Takes the padding off a payload that lies in clear. */
export function trimPadding(bytes: Uint8Array, header: RtpHeader): RtpFault | undefined {
  if (!header.hasPadding) return undefined;
  const count = header.payloadEnd > header.payloadStart ? (bytes[header.payloadEnd - 1] ?? 0) : 0;
  if (count === 0 || count > header.payloadEnd - header.payloadStart) return "padding";
  header.payloadEnd -= count;
  return undefined;
}

/** Writes the 12 bytes of a header without CSRC, extension and padding. */
export function writeRtpHeader(bytes: Uint8Array, header: RtpHeader): void {
  bytes[0] = 0x80;
  bytes[1] = header.payloadType | (header.marker ? 0x80 : 0);
  writeUint16(bytes, 2, header.sequence);
  writeUint32(bytes, 4, header.timestamp);
  writeUint32(bytes, 8, header.ssrc);
}

/** Tells RTCP from RTP where both come to one port (RFC 5761 section 4). */
export function isRtcp(bytes: Uint8Array): boolean {
  const type = bytes[1] ?? 0;
  return type >= 192 && type <= 223;
}

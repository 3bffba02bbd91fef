/** Writes RTCP compounds (RFC 3550 section 6): a report first, then who we are, then perhaps BYE. */
import { type ReceptionReport, rtcpTypes, type SenderInfo } from "./rtcp-packet.ts";
import { writeUint16, writeUint32 } from "./serial-numbers.ts";

export interface RtcpCompound {
  readonly ssrc: number;
  /** When we have sent packets since the last report: makes it an SR. */
  readonly sender?: SenderInfo;
  /** At most one: a call has one source. */
  readonly report?: ReceptionReport;
  /** ASCII, at most 64 characters; the same for the whole call and random (RFC 7022). */
  readonly cname: string;
  readonly isBye: boolean;
}

const lowestLoss = -0x80_0000;
const highestLoss = 0x7f_ffff;

export function writeRtcp(compound: RtcpCompound): Uint8Array {
  const parts = [writeReport(compound), writeName(compound)];
  if (compound.isBye) parts.push(writeBye(compound.ssrc));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function writeReport({ ssrc, sender, report }: RtcpCompound): Uint8Array {
  const reportAt = sender === undefined ? 8 : 28;
  const type = sender === undefined ? rtcpTypes.rr : rtcpTypes.sr;
  const count = report === undefined ? 0 : 1;
  const bytes = startPacket(type, count, reportAt + count * 24);
  writeUint32(bytes, 4, ssrc);
  if (sender !== undefined) {
    writeUint32(bytes, 8, sender.ntpSeconds);
    writeUint32(bytes, 12, sender.ntpFraction);
    writeUint32(bytes, 16, sender.rtpTimestamp);
    writeUint32(bytes, 20, sender.packets);
    writeUint32(bytes, 24, sender.octets);
  }
  if (report !== undefined) writeReceptionReport(bytes, reportAt, report);
  return bytes;
}

function writeReceptionReport(bytes: Uint8Array, at: number, report: ReceptionReport): void {
  const lost = Math.max(lowestLoss, Math.min(highestLoss, report.cumulativeLost));
  writeUint32(bytes, at, report.ssrc);
  writeUint32(bytes, at + 4, (report.fractionLost << 24) | (lost & 0xff_ffff));
  writeUint32(bytes, at + 8, report.highestSequence);
  writeUint32(bytes, at + 12, report.jitter);
  writeUint32(bytes, at + 16, report.lastReport);
  writeUint32(bytes, at + 20, report.delaySinceLastReport);
}

function writeName({ ssrc, cname }: RtcpCompound): Uint8Array {
  const name = new TextEncoder().encode(cname);
  // Source, item type, length, the name, and at least one zero as the end of the items.
  const itemsBytes = Math.ceil((4 + 2 + name.length + 1) / 4) * 4;
  const bytes = startPacket(rtcpTypes.sdes, 1, 4 + itemsBytes);
  writeUint32(bytes, 4, ssrc);
  bytes[8] = 1;
  bytes[9] = name.length;
  bytes.set(name, 10);
  return bytes;
}

function writeBye(ssrc: number): Uint8Array {
  const bytes = startPacket(rtcpTypes.bye, 1, 8);
  writeUint32(bytes, 4, ssrc);
  return bytes;
}

function startPacket(type: number, count: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = 0x80 | count;
  bytes[1] = type;
  writeUint16(bytes, 2, length / 4 - 1);
  return bytes;
}

/** RTP packets as tests want them. */
import {
  createRtpHeader,
  rtpHeaderBytes,
  writeRtpHeader,
  type RtpHeader,
} from "../../../src/call/rtp/rtp-packet.ts";
import { writeEventReport } from "../../../src/call/rtp/telephone-event.ts";

export interface PacketParts extends Partial<RtpHeader> {
  readonly payload?: Uint8Array;
}

export function rtpPacket({ payload = new Uint8Array(160), ...header }: PacketParts): Uint8Array {
  const bytes = new Uint8Array(rtpHeaderBytes + payload.length);
  writeRtpHeader(bytes, { ...createRtpHeader(), ssrc: 0x1234, ...header });
  bytes.set(payload, rtpHeaderBytes);
  return bytes;
}

export function eventPayload(event: number, duration: number, isEnd = false): Uint8Array {
  const bytes = new Uint8Array(4);
  writeEventReport(bytes, 0, { event, duration, isEnd });
  return bytes;
}

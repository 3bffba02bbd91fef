/** RTP packets as tests want them. */
import {
  createRtpHeader,
  rtpHeaderBytes,
  writeRtpHeader,
  type RtpHeader,
} from "../../../src/call/rtp/rtp-packet.ts";
import { writeEventReport } from "../../../src/call/rtp/telephone-event.ts";
import type { NegotiatedMedia } from "../../../src/call/sdp/negotiated-media.ts";

/** G.711 with digits and comfort noise, without RTCP on the same port. */
export const agreedMedia: NegotiatedMedia = {
  codec: "PCMU",
  payloadType: 0,
  clockRateHz: 8000,
  ptimeMs: 20,
  receivable: [
    { payloadType: 0, codec: "PCMU" },
    { payloadType: 8, codec: "PCMA" },
  ],
  telephoneEvent: 101,
  comfortNoise: 13,
  direction: "sendrecv",
  remote: { address: "192.0.2.1", rtpPort: 4000, rtcpPort: 4001 },
  rtcpMux: false,
};

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

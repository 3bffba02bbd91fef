/** What an offer and its answer have in common (RFC 3264), the same for whoever made the offer. */
import { quote } from "../../core/errors.ts";
import { isNullAddress } from "./ip-address.ts";
import type { LocalMedia } from "./local-media.ts";
import { audioPayload, findPayload, telephoneClockHz } from "./media-formats.ts";
import {
  type AudioPayload,
  type Direction,
  directionOf,
  type NegotiatedMedia,
  receives,
  sends,
  type SrtpKeys,
} from "./negotiated-media.ts";
import type { AudioStream, MediaProfile } from "./session-description.ts";

/** Packets of G.711 and G.722 are whole numbers of 10 ms. */
const ptimeStepMs = 10;
const longestPtimeMs = 60;

export interface Agreed {
  /** The first is what we send. */
  readonly payloads: readonly [AudioPayload, ...AudioPayload[]];
  readonly srtp: SrtpKeys | undefined;
}

export function agreedMedia(
  stream: AudioStream,
  local: LocalMedia,
  { payloads, srtp }: Agreed,
): NegotiatedMedia {
  const telephoneEvent = findPayload(stream.formats, "TELEPHONE-EVENT");
  const comfortNoise = local.comfortNoise ? findPayload(stream.formats, "CN") : undefined;
  const rtcpMux = stream.rtcpMux && local.rtcpMux;
  const { address, rtpPort } = stream;
  return {
    codec: payloads[0].codec,
    payloadType: payloads[0].payloadType,
    clockRateHz: telephoneClockHz,
    ptimeMs: agreedPtimeMs(stream, local.ptimeMs),
    receivable: payloads,
    ...(telephoneEvent === undefined ? {} : { telephoneEvent }),
    ...(comfortNoise === undefined ? {} : { comfortNoise }),
    direction: agreedDirection(stream, local.direction),
    remote: { address, rtpPort, rtcpPort: rtcpMux ? rtpPort : stream.rtcpPort },
    rtcpMux,
    ...(srtp === undefined ? {} : { srtp }),
  };
}

/** Our codecs among those of the stream, in the order of the stream. */
export function commonPayloads(stream: AudioStream, local: LocalMedia): AudioPayload[] {
  const payloads: AudioPayload[] = [];
  for (const format of stream.formats) {
    const payload = audioPayload(format);
    if (payload !== undefined && local.codecs.includes(payload.codec)) payloads.push(payload);
  }
  return payloads;
}

export function noCommonCodec(stream: AudioStream, local: LocalMedia): string {
  const theirs = stream.formats.map((format) => format.name).join(", ");
  return `no common codec: the peer has ${quote(theirs, 120)}, this side ${local.codecs.join(", ")}`;
}

export function isSecureProfile(profile: MediaProfile): boolean {
  return profile === "RTP/SAVP" || profile === "RTP/SAVPF";
}

function agreedPtimeMs(stream: AudioStream, ownMs: number): number {
  const wantedMs = stream.ptimeMs ?? ownMs;
  const mostMs = Math.min(stream.maxPtimeMs ?? longestPtimeMs, longestPtimeMs);
  const steps = Math.floor(Math.min(wantedMs, mostMs) / ptimeStepMs);
  return Math.max(1, steps) * ptimeStepMs;
}

/** Ours: what we want, as far as the peer's direction has a place for it (RFC 3264 section 6.1). */
function agreedDirection(stream: AudioStream, wanted: Direction): Direction {
  const peerListens = receives(stream.direction) && !isNullAddress(stream.address);
  const peerTalks = sends(stream.direction);
  return directionOf(sends(wanted) && peerListens, receives(wanted) && peerTalks);
}

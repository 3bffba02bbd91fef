/** A peer's session description (RFC 8866), as far as a telephone call needs it. */
import type { CryptoLine } from "./crypto-attribute.ts";
import type { Direction } from "./negotiated-media.ts";

/** Without feedback we are what the F profiles allow too (RFC 4585 section 3). */
export const mediaProfiles = ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"] as const;
export type MediaProfile = (typeof mediaProfiles)[number];

/** An m= line as it came: what an answer must mirror when it refuses the stream. */
export interface MediaLine {
  readonly type: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: string;
}

/** One payload type of an m= line, by its rtpmap or by its static number (RFC 3551 table 4). */
export interface MediaFormat {
  readonly payloadType: number;
  /** Upper case. */
  readonly name: string;
  readonly clockRateHz: number;
}

export interface AudioStream {
  /** Which m= line it is, from 0. */
  readonly index: number;
  readonly profile: MediaProfile;
  /** IP address in its shortest form; 0.0.0.0 and :: are holds. */
  readonly address: string;
  readonly rtpPort: number;
  /** Without rtcp-mux; 0 when there is none. */
  readonly rtcpPort: number;
  /** In the order of the peer's preference; what has no name is left out. */
  readonly formats: readonly MediaFormat[];
  readonly ptimeMs: number | undefined;
  readonly maxPtimeMs: number | undefined;
  /** The peer's. */
  readonly direction: Direction;
  readonly rtcpMux: boolean;
  /** Only what we can speak. */
  readonly crypto: readonly CryptoLine[];
}

export interface SessionDescription {
  /** All m= lines in their order. */
  readonly lines: readonly MediaLine[];
  /** The audio streams that could be used; at least one. */
  readonly audio: readonly [AudioStream, ...AudioStream[]];
}

/** What both sides agreed on for the sound of a call, and what differs between two such agreements. */
import type { SrtpSuite } from "../rtp/srtp-suite.ts";

export type AudioCodec = "PCMU" | "PCMA" | "G722";

/** As seen from the side that says it: who says "sendonly" sends. */
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

export interface AudioPayload {
  readonly payloadType: number;
  readonly codec: AudioCodec;
}

export interface RemoteMedia {
  /** IP address, IPv6 without brackets; 0.0.0.0 or :: while the peer wants nothing sent. */
  readonly address: string;
  readonly rtpPort: number;
  /** The RTP port with rtcp-mux; 0 when the peer has no port for RTCP. */
  readonly rtcpPort: number;
}

export interface SrtpKeys {
  readonly suite: SrtpSuite;
  /** Master key and salt of what we send; secrets, never to be logged. */
  readonly localKey: Uint8Array;
  /** Master key and salt of what the peer sends. */
  readonly remoteKey: Uint8Array;
}

export interface NegotiatedMedia {
  /** What we send. */
  readonly codec: AudioCodec;
  readonly payloadType: number;
  /** 8000 for G.722 too, although it has 16000 samples a second (RFC 3551 section 4.5.2). */
  readonly clockRateHz: 8000;
  /** Sound in each packet that we send. */
  readonly ptimeMs: number;
  /**
   * What may arrive. More than the codec above when a peer answers our offer with several, since it
   * may then change between them without saying so (RFC 3264 section 6.1).
   */
  readonly receivable: readonly AudioPayload[];
  /** Payload type of RFC 4733 events, when both sides speak them. */
  readonly telephoneEvent?: number;
  /** Payload type of RFC 3389 comfort noise. */
  readonly comfortNoise?: number;
  /** Ours. */
  readonly direction: Direction;
  readonly remote: RemoteMedia;
  readonly rtcpMux: boolean;
  readonly srtp?: SrtpKeys;
}

/**
 * hold: the peer does not want to hear us any more; resume: it does again; codec: what packets hold
 * has changed; address: where they go has; keys: SRTP began, ended or has other keys.
 */
export type MediaChange = "hold" | "resume" | "codec" | "address" | "keys";

export function compareMedia(
  before: NegotiatedMedia,
  after: NegotiatedMedia,
): ReadonlySet<MediaChange> {
  const changes = new Set<MediaChange>();
  if (sends(before.direction) && !sends(after.direction)) changes.add("hold");
  if (!sends(before.direction) && sends(after.direction)) changes.add("resume");
  if (payloadShape(before) !== payloadShape(after)) changes.add("codec");
  if (addressShape(before) !== addressShape(after)) changes.add("address");
  if (!sameKeys(before.srtp, after.srtp)) changes.add("keys");
  return changes;
}

export function sends(direction: Direction): boolean {
  return direction === "sendrecv" || direction === "sendonly";
}

export function receives(direction: Direction): boolean {
  return direction === "sendrecv" || direction === "recvonly";
}

export function directionOf(isSending: boolean, isReceiving: boolean): Direction {
  if (isSending) return isReceiving ? "sendrecv" : "sendonly";
  return isReceiving ? "recvonly" : "inactive";
}

function sameKeys(one: SrtpKeys | undefined, other: SrtpKeys | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.suite === other.suite &&
    sameBytes(one.localKey, other.localKey) &&
    sameBytes(one.remoteKey, other.remoteKey)
  );
}

export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function payloadShape(media: NegotiatedMedia): string {
  const { codec, payloadType, ptimeMs, telephoneEvent, comfortNoise } = media;
  const types = media.receivable.map((payload) => `${payload.payloadType}=${payload.codec}`);
  return [codec, payloadType, ptimeMs, telephoneEvent, comfortNoise, ...types].join();
}

function addressShape(media: NegotiatedMedia): string {
  const { address, rtpPort, rtcpPort } = media.remote;
  return [address, rtpPort, rtcpPort, media.rtcpMux].join();
}

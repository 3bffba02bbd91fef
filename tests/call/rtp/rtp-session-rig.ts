/** A session on real ports, and peers that keep what they hear. */
import { expect } from "bun:test";
import { networkInterfaces } from "node:os";
import { describeError } from "../../../src/core/errors.ts";
import { RtpPortPool } from "../../../src/call/rtp/port-pool.ts";
import { parseRtcp, type RtcpPacket } from "../../../src/call/rtp/rtcp-packet.ts";
import { createRtpHeader, parseRtp, type RtpHeader } from "../../../src/call/rtp/rtp-packet.ts";
import { RtpSession } from "../../../src/call/rtp/rtp-session.ts";
import type { NegotiatedMedia } from "../../../src/call/sdp/negotiated-media.ts";
import { openUdp, type UdpEndpoint } from "../../../src/udp.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { SeededRandom } from "../../fuzz/seeded-random.ts";
import { type PacketParts, rtpPacket } from "./packets.ts";

export const host = "127.0.0.1";
/** An administrator may have switched IPv6 off. */
export const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);
export const frame = new Uint8Array(160).fill(0x55);
export const freed: (() => void)[] = [];

/** To be called after each test by every file that uses this one. */
export function freeAll(): void {
  for (const free of freed.splice(0)) free();
}

export interface Heard {
  readonly bytes: Uint8Array;
  readonly port: number;
}

export interface Peer {
  readonly endpoint: UdpEndpoint;
  readonly heard: Heard[];
}

export async function openPeer(): Promise<Peer> {
  const heard: Heard[] = [];
  const endpoint = await openUdp({
    hostname: host,
    port: 0,
    onDatagram: (bytes, _address, port) => heard.push({ bytes: bytes.slice(), port }),
    onError: () => undefined,
  });
  freed.push(() => endpoint.close());
  return { endpoint, heard };
}

export function headers(peer: Peer): RtpHeader[] {
  return peer.heard.map(({ bytes }) => {
    const header = createRtpHeader();
    expect(parseRtp(bytes, bytes.length, header)).toBeUndefined();
    return header;
  });
}

export function reports(peer: Peer): RtcpPacket[] {
  return peer.heard.flatMap(({ bytes }) => {
    const reading = parseRtcp(bytes);
    return reading.ok ? reading.packets : [];
  });
}

export interface Rig {
  readonly session: RtpSession;
  readonly clock: FakeClock;
  readonly pool: RtpPortPool;
  readonly told: string[];
}

export interface RigOptions {
  readonly pool?: RtpPortPool;
  readonly hostname?: string;
  readonly isStrict?: boolean;
}

export async function openRig(options: RigOptions = {}): Promise<Rig> {
  const { pool = new RtpPortPool({ from: 27_000, to: 27_999 }), hostname = host } = options;
  const clock = new FakeClock();
  const random = new SeededRandom(1);
  const told: string[] = [];
  const session = await RtpSession.open({
    hostname,
    isStrict: options.isStrict ?? false,
    pool,
    clock,
    random: () => 0.5,
    randomBytes: (count) => random.bytes(count),
    handlers: {
      onFrame: (heard) => told.push(`frame ${heard.sequence}`),
      onDigit: (digit) => told.push(`digit ${digit}`),
      onRestart: (ssrc) => told.push(`restart ${ssrc}`),
      onBye: () => told.push("bye"),
    },
  });
  freed.push(() => session.close());
  return { session, clock, pool, told };
}

export function mediaFor(
  peer: { readonly endpoint: { readonly port: number } },
  rtcp?: Peer,
  changes: Partial<NegotiatedMedia> = {},
): NegotiatedMedia {
  const rtpPort = peer.endpoint.port;
  return {
    codec: "PCMU",
    payloadType: 0,
    clockRateHz: 8000,
    ptimeMs: 20,
    receivable: [{ payloadType: 0, codec: "PCMU" }],
    telephoneEvent: 101,
    comfortNoise: 13,
    direction: "sendrecv",
    remote: { address: host, rtpPort, rtcpPort: rtcp?.endpoint.port ?? rtpPort },
    rtcpMux: rtcp === undefined,
    ...changes,
  };
}

export function speak(peer: Peer, session: RtpSession, parts: PacketParts): void {
  peer.endpoint.send(rtpPacket(parts), session.rtpPort, host);
}

export function openDeaf(port: number): Promise<UdpEndpoint> {
  return openUdp({ hostname: host, port, onDatagram: () => undefined, onError: () => undefined });
}

/** The line that a person would see. */
export function failureOf(opening: Promise<unknown>): Promise<string> {
  return opening.then(() => "it opened", describeError);
}

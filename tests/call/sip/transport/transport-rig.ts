/** A real SIP transport on loopback that remembers what it was told, and peers that speak raw bytes. */
import { networkInterfaces } from "node:os";
import { systemClock } from "../../../../src/core/clock.ts";
import { parseSipMessage } from "../../../../src/call/sip/message/parse-sip-message.ts";
import type { SipMessage, SipRequest } from "../../../../src/call/sip/message/sip-message.ts";
import type { SipFlow } from "../../../../src/call/sip/transport/sip-flow.ts";
import {
  SipTransport,
  type SipTransportOptions,
} from "../../../../src/call/sip/transport/sip-transport.ts";
import type { TcpClose, TcpLink } from "../../../../src/tcp-link.ts";
import { connectTcp } from "../../../../src/tcp.ts";
import { openUdp } from "../../../../src/udp.ts";
import { createMemoryLog, type MemoryLog } from "../../../fakes/memory-log.ts";

/** Not on every machine: what needs ::1 is then left out. */
export const hasIpv6 = Object.values(networkInterfaces()).some((entries) =>
  entries?.some((entry) => entry.address === "::1"),
);

/** The loopback addresses of this machine, one of each family that it has. */
export const loopbacks: readonly string[] = hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"];

if (!hasIpv6) console.log("skipped: SIP over IPv6, since this machine has no ::1");

export interface Arrived {
  readonly message: SipMessage;
  readonly flow: SipFlow;
}

export interface TransportRig extends Disposable {
  readonly transport: SipTransport;
  readonly arrived: Arrived[];
  readonly closed: { readonly flow: SipFlow; readonly errno: string }[];
  readonly log: MemoryLog;
}

export async function openRig(options: Partial<SipTransportOptions> = {}): Promise<TransportRig> {
  const arrived: Arrived[] = [];
  const closed: { flow: SipFlow; errno: string }[] = [];
  const log = createMemoryLog(options.clock ?? systemClock);
  const transport = await SipTransport.open({
    bind: "127.0.0.1",
    clock: systemClock,
    log: log.log,
    random: () => 0,
    onMessage: (message, flow) => arrived.push({ message, flow }),
    onFlowClosed: (flow, errno) => closed.push({ flow, errno }),
    ...options,
  });
  return { transport, arrived, closed, log, [Symbol.dispose]: () => transport.close() };
}

export interface OptionsRequest {
  readonly transport?: string;
  readonly sentBy?: string;
  /** Behind sent-by, with its semicolon. */
  readonly viaParameters?: string;
  readonly callId?: string;
}

export function optionsRequest(request: OptionsRequest = {}): Uint8Array {
  const { transport = "UDP", sentBy = "192.0.2.9", viaParameters = "", callId = "a" } = request;
  const lines = [
    "OPTIONS sip:line@127.0.0.1 SIP/2.0",
    `Via: SIP/2.0/${transport} ${sentBy};branch=z9hG4bKone${viaParameters}`,
    "From: <sip:pbx@192.0.2.9>;tag=f",
    "To: <sip:line@127.0.0.1>",
    `Call-ID: ${callId}`,
    "CSeq: 1 OPTIONS",
    "Max-Forwards: 70",
    "Content-Length: 0",
  ];
  return bytesOf(`${lines.join("\r\n")}\r\n\r\n`);
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function parseAsMessage(bytes: Uint8Array): SipMessage {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind !== "message") throw new Error(`no SIP message: ${parsed.kind}`);
  return parsed.message;
}

export function parseAsRequest(bytes: Uint8Array): SipRequest {
  const message = parseAsMessage(bytes);
  if (message.kind !== "request") throw new Error("no SIP request");
  return message;
}

export interface UdpPeer extends Disposable {
  readonly port: number;
  readonly received: string[];
  send(bytes: Uint8Array, port: number): void;
}

export async function openUdpPeer(hostname = "127.0.0.1"): Promise<UdpPeer> {
  const received: string[] = [];
  const decoder = new TextDecoder();
  const endpoint = await openUdp({
    hostname,
    port: 0,
    onDatagram: (bytes) => received.push(decoder.decode(bytes)),
    onError: () => undefined,
  });
  return {
    port: endpoint.port,
    received,
    send: (bytes, port) => void endpoint.send(bytes, port, hostname),
    [Symbol.dispose]: () => endpoint.close(),
  };
}

/** A port of loopback on which nobody listens, at least for now. */
export async function unusedPort(): Promise<number> {
  using peer = await openUdpPeer();
  return peer.port;
}

export interface TcpPeer extends Disposable {
  readonly link: TcpLink;
  received: string;
  close: TcpClose | undefined;
}

export async function connectTcpPeer(port: number, hostname = "127.0.0.1"): Promise<TcpPeer> {
  const decoder = new TextDecoder();
  const seen: { received: string; close: TcpClose | undefined } = {
    received: "",
    close: undefined,
  };
  const attempt = connectTcp(
    { hostname, port, timeoutMs: 4000, clock: systemClock, maxPendingBytes: 1 << 20 },
    {
      data: (bytes) => void (seen.received += decoder.decode(bytes)),
      closed: (reason) => void (seen.close = reason),
    },
  );
  const link = await attempt.link;
  return Object.assign(seen, { link, [Symbol.dispose]: () => link.destroy() });
}

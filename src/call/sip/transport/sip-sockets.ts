/** Opens the UDP and the TCP port of SIP, which have the same number, on IPv4, IPv6 or both. */
import type { Clock } from "../../../core/clock.ts";
import { listenErrno } from "../../../core/errno.ts";
import { WildfireError, quote } from "../../../core/errors.ts";
import type { SocketControl } from "../../../core/socket-control.ts";
import { canonicalAddress, isIpv6 } from "./address-text.ts";
import type { SipEndpoint, SipFlow } from "./sip-flow.ts";
import type { StreamFlow } from "./stream-flow.ts";
import { StreamFlows } from "./stream-flows.ts";
import { UdpFlows } from "./udp-flows.ts";

export interface SipSocketsOptions {
  /** The first one that this machine has is taken. */
  readonly hostnames: readonly string[];
  /** 0 lets the system choose. */
  readonly port: number;
  readonly clock: Clock;
  readonly control?: SocketControl | undefined;
  /** What peers are told for an own address and port. */
  readonly localOf: (address: string, port: number) => SipEndpoint;
  /** The own address that packets to `remote` leave from. */
  readonly localTowards: (remote: string) => string;
  readonly onDatagram: (bytes: Uint8Array, source: SipEndpoint) => void;
  readonly onMessage: (bytes: Uint8Array, flow: StreamFlow) => void;
  readonly onViolation: (reason: string, flow: StreamFlow) => void;
  readonly onClosed: (flow: SipFlow, errno: string) => void;
}

export interface SipSockets {
  readonly hostname: string;
  readonly port: number;
  readonly udp: UdpFlows;
  readonly streams: StreamFlows;
  /** Whether an address is of a family that the sockets speak. */
  reaches(address: string): boolean;
}

const everyIpv4 = "0.0.0.0";
/** As Bun opens it, a socket for this one takes IPv4 as well. */
const everyAddress = "::";
const portTries = 10;

export interface BindAddresses {
  readonly hostnames: readonly string[];
  /** Undefined when it is not one address. */
  readonly bound: string | undefined;
}

/** Throws a WildfireError("config") for what is no IP address. */
export function bindAddresses(bind: string | undefined): BindAddresses {
  if (bind === undefined) return { hostnames: [everyAddress, everyIpv4], bound: undefined };
  const address = canonicalAddress(bind);
  if (address === undefined) {
    throw new WildfireError("config", `SIP cannot be bound to ${quote(bind)}`, {
      hint: "give an IP address of this machine, or leave it out for all",
    });
  }
  const isOne = address !== everyAddress && address !== everyIpv4;
  return { hostnames: [address], bound: isOne ? address : undefined };
}

/** Throws a WildfireError("socket") that names address, port and errno. */
export async function openSipSockets(options: SipSocketsOptions): Promise<SipSockets> {
  let failure: unknown;
  for (const hostname of options.hostnames) {
    try {
      return await openPair(options, hostname);
    } catch (error) {
      failure = error;
      if (!isMissingFamily(error)) break;
    }
  }
  throw failure;
}

/** A port that the system chose for UDP may be taken on TCP: then another one is tried. */
async function openPair(options: SipSocketsOptions, hostname: string): Promise<SipSockets> {
  let failure: unknown;
  for (let tries = 0; tries < (options.port === 0 ? portTries : 1); tries += 1) {
    const udp = await openUdpFlows(options, hostname);
    try {
      const streams = new StreamFlows({
        ...options,
        hostname,
        port: udp.port,
        localOf: (bound) => options.localOf(bound.address, bound.port),
      });
      const reaches = (address: string): boolean => speaks(hostname, address);
      return { hostname, port: udp.port, udp, streams, reaches };
    } catch (error) {
      udp.close();
      failure = error;
    }
  }
  throw failure;
}

async function openUdpFlows(options: SipSocketsOptions, hostname: string): Promise<UdpFlows> {
  return await UdpFlows.open({
    ...options,
    hostname,
    localOf: (remote, port) => options.localOf(options.localTowards(remote.address), port),
  });
}

function speaks(hostname: string, address: string): boolean {
  return hostname === everyAddress || isIpv6(hostname) === isIpv6(address);
}

/** A machine without IPv6 has not even the address that stands for all. */
function isMissingFamily(error: unknown): boolean {
  if (!(error instanceof WildfireError)) return false;
  const errno = listenErrno(error.cause);
  return errno === "EAFNOSUPPORT" || errno === "EADDRNOTAVAIL";
}

/** Opens the two sockets of a call on the first pair of the pool that can be had. */
import { listenErrno } from "../../core/errno.ts";
import { WildfireError } from "../../core/errors.ts";
import { type DatagramHandler, openUdp, type UdpEndpoint } from "../../udp.ts";
import type { RtpPortPool } from "./port-pool.ts";

export interface PortPairOptions {
  /** IP address to bind. */
  readonly hostname: string;
  readonly pool: RtpPortPool;
  readonly onRtp: DatagramHandler;
  readonly onRtcp: DatagramHandler;
  readonly onError: (errno: string) => void;
}

export interface PortPair {
  readonly rtp: UdpEndpoint;
  readonly rtcp: UdpEndpoint;
}

/**
 * The pair is the caller's: it closes both and gives the even port back. Throws a
 * WildfireError("socket") when no pair is left, or none can be opened at all.
 */
export async function openPortPair(options: PortPairOptions): Promise<PortPair> {
  const { pool } = options;
  const { from, to } = pool.range;
  let cause: unknown;
  for (let attempts = pool.free; attempts > 0; attempts -= 1) {
    const port = pool.take();
    if (port === undefined) break;
    try {
      return await openBoth(options, port);
    } catch (error) {
      pool.giveBack(port);
      if (!isInUse(error)) throw error;
      cause = error;
    }
  }
  throw new WildfireError("socket", `no free pair of RTP ports in ${from}-${to}`, {
    cause,
    hint: "widen --rtp-ports, or end calls",
  });
}

async function openBoth(options: PortPairOptions, port: number): Promise<PortPair> {
  const { hostname, onRtp, onRtcp, onError } = options;
  const rtp = await openUdp({ hostname, port, onDatagram: onRtp, onError });
  try {
    const rtcp = await openUdp({ hostname, port: port + 1, onDatagram: onRtcp, onError });
    return { rtp, rtcp };
  } catch (error) {
    rtp.close();
    throw error;
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof WildfireError && listenErrno(error.cause) === "EADDRINUSE";
}

/** A far end of SIP over TCP that listens, and the request that goes there. */
import type { TcpClose, TcpLink } from "../../../../src/tcp-link.ts";
import { listenTcp } from "../../../../src/tcp.ts";
import { optionsRequest } from "./transport-rig.ts";

export interface StreamServer extends Disposable {
  readonly port: number;
  readonly links: TcpLink[];
  readonly closes: TcpClose[];
  received: string;
}

export function listenAsPeer(hostname = "127.0.0.1"): StreamServer {
  const decoder = new TextDecoder();
  const links: TcpLink[] = [];
  const closes: TcpClose[] = [];
  const listener = listenTcp({
    hostname,
    port: 0,
    maxPendingBytes: 1 << 20,
    accept(link) {
      links.push(link);
      return {
        data: (bytes) => void (server.received += decoder.decode(bytes)),
        closed: (reason) => closes.push(reason),
      };
    },
  });
  const server: StreamServer = {
    port: listener.port,
    links,
    closes,
    received: "",
    [Symbol.dispose]: () => listener.stop(true),
  };
  return server;
}

export const request = optionsRequest({ transport: "TCP" });
export const requestText = new TextDecoder().decode(request);

/** Ports that nobody uses, for services that must know each other's before they start. */
import { listenTcp } from "../src/tcp.ts";
import { openUdp } from "../src/udp.ts";

const host = "127.0.0.1";

/** For TCP and UDP alike. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = listenTcp({
      hostname: host,
      port: 0,
      maxPendingBytes: 0,
      accept: () => ({ data: () => undefined, closed: () => undefined }),
    });
    const { port } = server;
    const isFree = await isUdpFree(port);
    server.stop(true);
    if (isFree) return port;
  }
}

async function isUdpFree(port: number): Promise<boolean> {
  try {
    const endpoint = await openUdp({
      hostname: host,
      port,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    endpoint.close();
    return true;
  } catch {
    return false;
  }
}

/** Ports that nobody uses, for services that must know each other's before they start. */
import { isPortFree } from "../src/doctor/port-probe.ts";
import { listenTcp } from "../src/tcp.ts";

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
    const isFree = await isPortFree({ kind: "udp", port });
    server.stop(true);
    if (isFree) return port;
  }
}

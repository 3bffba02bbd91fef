/** Ports for the programs of a test: signalling from the system, media from ranges of their own. */
import { freePort, listenRaw } from "../end-to-end/raw-connection.ts";

export const loopback = "127.0.0.1";

/** RTP, from and to; below what the system gives to others, and apart from each other. */
export const mediaPorts = {
  asterisk: { from: 20_000, to: 21_999 },
  baresip: { from: 22_000, to: 23_999 },
  wildfire: { from: 24_000, to: 26_999 },
  sipp: { from: 27_000, to: 29_999 },
} as const;

/** Free for UDP and TCP, and the next one too, since some programs take that for TLS. */
export async function freeSipPort(): Promise<number> {
  for (;;) {
    const port = freePort();
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  try {
    listenRaw(port, () => undefined).stop();
    const socket = await Bun.udpSocket({ hostname: loopback, port });
    socket.close();
    return true;
  } catch {
    return false;
  }
}

/** A TLS server on loopback with a certificate of the tests. */
import type { Certificate } from "./certificates.ts";

export interface TlsPeer extends Disposable {
  readonly port: number;
  received: string;
  handshakes: number;
  opened: number;
  closed: number;
  /** To whoever connected last. */
  write(bytes: string | Uint8Array): number;
}

export function listenTls(certificate: Certificate, echoes = false): TlsPeer {
  const decoder = new TextDecoder();
  let last: Bun.Socket<unknown> | undefined;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    tls: certificate,
    socket: {
      open: () => void (peer.opened += 1),
      handshake(socket, isDone) {
        if (isDone) peer.handshakes += 1;
        last = socket;
      },
      data(socket, bytes) {
        peer.received += decoder.decode(bytes);
        if (echoes) socket.write(bytes);
      },
      close: () => void (peer.closed += 1),
      error: () => undefined,
    },
  });
  const peer: TlsPeer = {
    port: server.port,
    received: "",
    handshakes: 0,
    opened: 0,
    closed: 0,
    write: (bytes) => last?.write(bytes) ?? -1,
    [Symbol.dispose]: () => server.stop(true),
  };
  return peer;
}

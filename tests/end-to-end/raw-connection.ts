/** One TCP connection of a test's own peer: sends what it is told, keeps what comes. */

export class RawConnection {
  readonly #socket: Bun.Socket<unknown>;
  readonly #received: Buffer[] = [];
  #waiting: Uint8Array[] = [];
  #isClosed = false;
  #onData: (bytes: Uint8Array) => void = () => undefined;

  constructor(socket: Bun.Socket<unknown>) {
    this.#socket = socket;
    socket.setNoDelay(true);
  }

  /** Closed by either side, or broken. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  set onData(listener: (bytes: Uint8Array) => void) {
    this.#onData = listener;
  }

  /** Exactly these bytes; what the kernel does not take now follows when it does. */
  send(...parts: readonly Uint8Array[]): void {
    this.#waiting.push(...parts);
    this.#flush();
  }

  /** Closes in order. */
  end(): void {
    this.#socket.end();
  }

  /** Closes with a TCP reset. */
  reset(): void {
    this.#socket.terminate();
  }

  /** Reads nothing from now on, so that the kernel's buffers fill up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  handleData(bytes: Uint8Array): void {
    this.#received.push(Buffer.from(bytes));
    this.#onData(bytes);
  }

  handleDrain(): void {
    this.#flush();
  }

  handleClose(): void {
    this.#isClosed = true;
  }

  #flush(): void {
    for (;;) {
      const head = this.#waiting[0];
      if (head === undefined) return;
      const written = this.#socket.write(head);
      if (written < 0) return;
      if (written < head.length) {
        this.#waiting[0] = head.subarray(written);
        return;
      }
      this.#waiting = this.#waiting.slice(1);
    }
  }
}

export interface RawServer {
  readonly port: number;
  stop(): void;
}

/** Listens on 127.0.0.1; 0 lets the system choose. Stopping closes what is open. */
export function listenRaw(port: number, accept: (connection: RawConnection) => void): RawServer {
  const connections = new WeakMap<Bun.Socket<unknown>, RawConnection>();
  const server = Bun.listen<unknown>({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        const connection = new RawConnection(socket);
        connections.set(socket, connection);
        accept(connection);
      },
      data: (socket, bytes) => connections.get(socket)?.handleData(bytes),
      drain: (socket) => connections.get(socket)?.handleDrain(),
      close: (socket) => connections.get(socket)?.handleClose(),
      error: (socket) => connections.get(socket)?.handleClose(),
    },
  });
  return { port: server.port, stop: () => server.stop(true) };
}

/** Connects to a service on 127.0.0.1. */
export async function connectRaw(port: number): Promise<RawConnection> {
  let connection: RawConnection | undefined;
  const socket = await Bun.connect<unknown>({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (opened) => {
        connection = new RawConnection(opened);
      },
      data: (_socket, bytes) => connection?.handleData(bytes),
      drain: () => connection?.handleDrain(),
      close: () => connection?.handleClose(),
      error: () => connection?.handleClose(),
    },
  });
  connection ??= new RawConnection(socket);
  return connection;
}

/** A TCP port on which nobody listens. */
export function freePort(): number {
  const server = listenRaw(0, () => undefined);
  server.stop();
  return server.port;
}

/** A UDP port on which nobody listens. */
export async function freeUdpPort(): Promise<number> {
  const socket = await Bun.udpSocket({ hostname: "127.0.0.1" });
  const { port } = socket;
  socket.close();
  return port;
}

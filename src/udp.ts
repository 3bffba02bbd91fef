/** The only opener of UDP sockets: buffer size, error handler and counters are never forgotten here. */
import { errnoOf, hintForListenError, listenErrno } from "./core/errno.ts";
import { WildfireError } from "./core/errors.ts";
import type { SocketControl, SocketHealth } from "./core/socket-control.ts";

/** Bun delivers a view into its own buffer: copy what must outlive the call. */
export type DatagramHandler = (bytes: Uint8Array, address: string, port: number) => void;

export interface UdpOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly onDatagram: DatagramHandler;
  /** An error that the kernel reports on the socket, for instance ECONNREFUSED after an ICMP reply. */
  readonly onError: (errno: string) => void;
  readonly control?: SocketControl;
  /** Wanted SO_RCVBUF; what the kernel granted is in `receiveBufferBytes`. */
  readonly receiveBufferBytes?: number;
}

export interface UdpCounters {
  received: number;
  receivedBytes: number;
  sent: number;
  sentBytes: number;
  sendFailures: number;
  errors: number;
}

/** What an ICMP message about an earlier datagram can turn into. */
const lateErrnos: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

export type SendOutcome = { readonly ok: true } | { readonly ok: false; readonly errno: string };

/** One for all: a sender of sound makes no garbage by asking. */
const taken: SendOutcome = { ok: true };

export class UdpEndpoint {
  readonly counters: UdpCounters = {
    received: 0,
    receivedBytes: 0,
    sent: 0,
    sentBytes: 0,
    sendFailures: 0,
    errors: 0,
  };
  /** As read back from the kernel; -1 when it could not be asked. */
  readonly receiveBufferBytes: number;
  readonly #socket: Bun.udp.Socket<"uint8array">;
  readonly #control: SocketControl | undefined;

  constructor(socket: Bun.udp.Socket<"uint8array">, options: UdpOptions) {
    this.#socket = socket;
    this.#control = options.control;
    this.receiveBufferBytes = this.#requestBuffer(options.receiveBufferBytes);
  }

  get port(): number {
    return this.#socket.port;
  }

  get hostname(): string {
    return this.#socket.hostname;
  }

  get isOpen(): boolean {
    return !this.#socket.closed;
  }

  /** The file descriptor, or -1 where Bun does not show it or the socket is closed. */
  get fd(): number {
    if (this.#socket.closed || !("fd" in this.#socket)) return -1;
    return typeof this.#socket.fd === "number" ? this.#socket.fd : -1;
  }

  /** `address` must be an IP address. A full send buffer counts as EAGAIN; nothing is queued. */
  send(bytes: Uint8Array, port: number, address: string): SendOutcome {
    let errno = this.#trySend(bytes, port, address);
    // The kernel hands an ICMP error about an earlier datagram to whichever send comes next, and that
    // one is not sent; asked once more it is. The error handler hears of it in any case.
    if (lateErrnos.has(errno)) errno = this.#trySend(bytes, port, address);
    if (errno !== "") {
      this.counters.sendFailures += 1;
      return { ok: false, errno };
    }
    this.counters.sent += 1;
    this.counters.sentBytes += bytes.length;
    return taken;
  }

  /** What the kernel knows about the socket; undefined where it cannot be asked. */
  health(): SocketHealth | undefined {
    if (this.#control === undefined) return undefined;
    return this.#control.readHealth(this.fd);
  }

  close(): void {
    if (!this.#socket.closed) this.#socket.close();
  }

  /** Empty when the kernel took it. */
  #trySend(bytes: Uint8Array, port: number, address: string): string {
    try {
      return this.#socket.send(bytes, port, address) ? "" : "EAGAIN";
    } catch (error) {
      return errnoOf(error);
    }
  }

  #requestBuffer(wanted: number | undefined): number {
    if (wanted === undefined || this.#control === undefined || this.fd < 0) return -1;
    return this.#control.requestReceiveBuffer(this.fd, wanted);
  }
}

/** Throws a WildfireError("socket") that names address, port and errno. */
export async function openUdp(options: UdpOptions): Promise<UdpEndpoint> {
  let endpoint: UdpEndpoint | undefined;
  const socket = await openSocket(options, {
    binaryType: "uint8array",
    data(_socket, bytes, port, address) {
      if (endpoint === undefined) return;
      endpoint.counters.received += 1;
      endpoint.counters.receivedBytes += bytes.length;
      options.onDatagram(bytes, address, port);
    },
    // Bun 1.4 calls this with the error alone, its types promise the socket in front of it.
    error(...parts: readonly unknown[]) {
      if (endpoint !== undefined) endpoint.counters.errors += 1;
      options.onError(errnoOf(parts.find(isError)));
    },
  });
  endpoint = new UdpEndpoint(socket, options);
  return endpoint;
}

type Handlers = Bun.udp.SocketHandler<"uint8array"> & { binaryType: "uint8array" };

async function openSocket(
  options: UdpOptions,
  handlers: Handlers,
): Promise<Bun.udp.Socket<"uint8array">> {
  const { hostname, port } = options;
  try {
    return await Bun.udpSocket({ hostname, port, binaryType: "uint8array", socket: handlers });
  } catch (error) {
    const errno = listenErrno(error);
    throw new WildfireError("socket", `cannot open UDP ${hostname}:${port}: ${errno}`, {
      cause: error,
      hint: hintForListenError(errno),
    });
  }
}

export interface UdpProbeOptions {
  /** IP address, IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  readonly bytes: Uint8Array;
  /** Called at most once, after `probeUdp` returned: the peer, or the way to it, refused. */
  readonly onRefused: (errno: string) => void;
}

export interface UdpProbe {
  close(): void;
}

/**
 * Sends one datagram from a socket that is connected to one peer, so that an error can only be about
 * that peer: on an open socket Bun does not say which destination an ICMP message was about.
 */
export function probeUdp(options: UdpProbeOptions): UdpProbe {
  const { address, port, bytes, onRefused } = options;
  let isOver = false;
  const refused = (errno: string): void => {
    if (isOver) return;
    isOver = true;
    onRefused(errno);
  };
  const connected = openConnected(address, port, (error) => refused(errnoOf(error)));
  connected.then(
    (socket) => (isOver ? socket.close() : socket.send(bytes)),
    (error: unknown) => refused(errnoOf(error)),
  );
  return {
    close() {
      isOver = true;
      connected.then((socket) => socket.close()).catch(() => undefined);
    },
  };
}

/**
 * The own address that the kernel would use towards `remote` (an IP address), undefined without a
 * route to it. Sends nothing; costs about 6 µs.
 */
export function sourceAddressFor(remote: string): string | undefined {
  const connected = openConnected(remote, discardPort, () => undefined);
  // Bun opens the socket before it returns the promise; should it wait one day, there is no answer.
  const socket = Bun.peek(connected);
  if (socket instanceof Promise || !("address" in socket)) {
    connected.then((late) => late.close()).catch(() => undefined);
    return undefined;
  }
  const { address } = socket.address;
  socket.close();
  return address;
}

/** Nothing is sent to it: connecting a UDP socket needs some port. */
const discardPort = 9;

function openConnected(
  address: string,
  port: number,
  onError: (error: unknown) => void,
): Promise<Bun.udp.ConnectedSocket<"uint8array">> {
  try {
    return Bun.udpSocket({
      hostname: address.includes(":") ? "::" : "0.0.0.0",
      connect: { hostname: address, port },
      binaryType: "uint8array",
      // As above: the error comes alone, whatever the types say.
      socket: { error: (...parts: readonly unknown[]) => onError(parts.find(isError)) },
    });
  } catch (error) {
    // Bun throws at once what other failures put into the promise.
    return Promise.reject(error);
  }
}

function isError(value: unknown): value is Error {
  return value instanceof Error;
}

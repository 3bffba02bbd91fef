/** The only opener of TCP sockets: connect limit that really ends, bounded write queue, one close report. */
import type { Clock, Timer } from "./core/clock.ts";
import { errnoOf, hintForListenError, listenErrno } from "./core/errno.ts";
import { WildfireError, type WildfireErrorOptions } from "./core/errors.ts";
import { type BunSocket, TcpLink, type TcpHandlers, type TcpLinkOptions } from "./tcp-link.ts";
import { explainTlsFailure, isCertificateProblem, type PeerCertificate } from "./tls-failure.ts";

/** The handlers that Bun calls, for a socket whose link `find` knows. */
function socketHandlers(find: (socket: BunSocket) => TcpLink | undefined): Bun.SocketHandler {
  return {
    data: (socket, bytes) => find(socket)?.handleData(bytes),
    drain: (socket) => find(socket)?.handleDrain(),
    end: (socket) => find(socket)?.handlePeerEnd(),
    close: (socket, error) => {
      const errno = error === undefined ? undefined : errnoOf(error);
      find(socket)?.handleClose(errno === undefined ? "ended" : "reset", errno);
    },
    error: (socket, error) => {
      find(socket)?.handleClose("reset", errnoOf(error));
      socket.terminate();
    },
  };
}

export interface ConnectOptions extends TcpLinkOptions {
  readonly hostname: string;
  readonly port: number;
  /** For the connection and the TLS handshake together. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly tls?: TlsClientOptions | undefined;
}

export interface TlsClientOptions {
  /** Whom the certificate must name: the host as the user wrote it, a name or an IP address. */
  readonly serverName: string;
  /** PEM text of the authorities to trust in place of Bun's own list. */
  readonly ca?: string | undefined;
  /** False accepts any certificate: what is said can then be read by whoever sits in between. */
  readonly verify: boolean;
}

export interface ConnectAttempt {
  /** Resolves at most once; rejects with a WildfireError whose message names peer and errno. */
  readonly link: Promise<TcpLink>;
  /** Gives up now; the promise rejects unless it is settled already. */
  cancel(): void;
}

/** Bun has no connect limit of its own, so a late success is terminated as soon as it appears. */
export function connectTcp(options: ConnectOptions, handlers: TcpHandlers): ConnectAttempt {
  const connecting = new Connecting(options, handlers);
  connecting.start();
  return { link: connecting.link, cancel: () => connecting.fail("ECANCELED") };
}

class Connecting {
  readonly link: Promise<TcpLink>;
  readonly #options: ConnectOptions;
  readonly #handlers: TcpHandlers;
  readonly #outcome = Promise.withResolvers<TcpLink>();
  readonly #timer: Timer;
  #isSettled = false;
  /** Open, but the TLS handshake is not over. */
  #socket: BunSocket | undefined;
  #opened: TcpLink | undefined;

  constructor(options: ConnectOptions, handlers: TcpHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.link = this.#outcome.promise;
    this.#timer = options.clock.after(options.timeoutMs, () => this.#timedOut());
  }

  start(): void {
    const { hostname, port, tls } = this.#options;
    try {
      const socket = tls === undefined ? this.#plainHandlers() : this.#tlsHandlers(tls);
      const secured = tls === undefined ? {} : { tls: bunTlsOptions(tls) };
      Bun.connect({ hostname, port, socket, ...secured }).catch((error: unknown) =>
        this.fail(errnoOf(error)),
      );
    } catch (error) {
      // Certificates that cannot be read are thrown at once.
      const detail = tls === undefined ? {} : explainTlsFailure(error, tls.serverName);
      this.fail(errnoOf(error), { ...detail, cause: error });
    }
  }

  fail(errno: string, detail: ConnectErrorDetail = {}): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#timer.cancel();
    const { hostname, port } = this.#options;
    this.#outcome.reject(new ConnectError(hostname, port, errno, detail));
    this.#socket?.terminate();
  }

  #timedOut(): void {
    const { tls } = this.#options;
    const isStuck = tls !== undefined && this.#socket !== undefined;
    this.fail("ETIMEDOUT", isStuck ? explainTlsFailure("ETIMEDOUT", tls.serverName) : {});
  }

  #plainHandlers(): Bun.SocketHandler {
    return {
      ...socketHandlers(() => this.#opened),
      open: (socket) => this.#established(socket),
      connectError: (_socket, error) => this.fail(errnoOf(error)),
    };
  }

  /** Bun resolves and calls `open` before the handshake, and `handshake` also when it failed. */
  #tlsHandlers(tls: TlsClientOptions): Bun.SocketHandler {
    const base = this.#plainHandlers();
    return {
      ...base,
      open: (socket) => {
        if (this.#isSettled) socket.terminate();
        else this.#socket = socket;
      },
      handshake: (socket, isAuthorised, error) => {
        if (isAccepted({ isAuthorised, error, tls })) {
          this.#established(socket);
          return;
        }
        const detail = explainTlsFailure(error, tls.serverName, certificateOf(socket));
        this.fail(errnoOf(error ?? "EPROTO"), detail);
      },
      close: (socket, error) => {
        const errno = error === undefined ? "ECONNRESET" : errnoOf(error);
        this.fail(errno, explainTlsFailure(errno, tls.serverName));
        return base.close?.(socket, error);
      },
    };
  }

  #established(socket: BunSocket): void {
    if (this.#isSettled) {
      socket.terminate();
      return;
    }
    this.#isSettled = true;
    this.#timer.cancel();
    this.#opened = new TcpLink(socket, this.#options);
    this.#opened.attach(this.#handlers);
    this.#outcome.resolve(this.#opened);
  }
}

function bunTlsOptions({ serverName, ca, verify }: TlsClientOptions): Bun.TLSOptions {
  // Said in so many words, since an environment variable changes Bun's default.
  const base = { serverName, rejectUnauthorized: verify };
  return ca === undefined ? base : { ...base, ca };
}

interface HandshakeResult {
  readonly isAuthorised: boolean;
  readonly error: Error | null;
  readonly tls: TlsClientOptions;
}

/**
 * A name that is wrong counts as not authorised even where nothing is to be checked; and a certificate
 * can have an error where it counts as authorised.
 */
function isAccepted({ isAuthorised, error, tls }: HandshakeResult): boolean {
  if (tls.verify) return isAuthorised && error === null;
  return isAuthorised || (error !== null && isCertificateProblem(error));
}

function certificateOf(socket: BunSocket): PeerCertificate | undefined {
  try {
    return socket.getPeerCertificate();
  } catch {
    return undefined;
  }
}

interface ConnectErrorDetail extends Pick<WildfireErrorOptions, "cause" | "hint"> {
  /** In place of the bare errno. */
  readonly reason?: string;
}

export class ConnectError extends WildfireError {
  readonly errno: string;

  constructor(hostname: string, port: number, errno: string, detail: ConnectErrorDetail = {}) {
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    super("socket", `cannot connect to ${host}:${port}: ${detail.reason ?? errno}`, detail);
    this.errno = errno;
  }
}

export interface ListenOptions extends TcpLinkOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Returns the handlers of a new connection. */
  readonly accept: (link: TcpLink) => TcpHandlers;
}

export interface TcpServer {
  readonly port: number;
  /** Stops listening; open connections stay unless `closeAll`. */
  stop(closeAll: boolean): void;
}

/** Throws a WildfireError("socket") that names address, port and errno. */
export function listenTcp(options: ListenOptions): TcpServer {
  const { hostname, port } = options;
  try {
    const server = Bun.listen({
      hostname,
      port,
      socket: acceptingHandlers(options),
    });
    return { port: server.port, stop: (closeAll) => server.stop(closeAll) };
  } catch (error) {
    const errno = listenErrno(error);
    throw new WildfireError("socket", `cannot listen on TCP ${hostname}:${port}: ${errno}`, {
      cause: error,
      hint: hintForListenError(errno),
    });
  }
}

/** Listens on a Unix domain socket; throws a WildfireError("socket") that names the path. */
export function listenUnix(path: string, accept: ListenOptions["accept"]): TcpServer {
  const options = { maxPendingBytes: 1 << 20, accept };
  try {
    const server = Bun.listen({
      unix: path,
      socket: acceptingHandlers(options),
    });
    return { port: 0, stop: (closeAll) => server.stop(closeAll) };
  } catch (error) {
    const errno = listenErrno(error);
    throw new WildfireError("socket", `cannot listen on ${path}: ${errno}`, { cause: error });
  }
}

function acceptingHandlers(
  options: TcpLinkOptions & Pick<ListenOptions, "accept">,
): Bun.SocketHandler {
  const links = new WeakMap<BunSocket, TcpLink>();
  return {
    ...socketHandlers((socket) => links.get(socket)),
    open(socket) {
      const link = new TcpLink(socket, options);
      links.set(socket, link);
      link.attach(options.accept(link));
    },
  };
}

/** Connects to a Unix domain socket; rejects with a WildfireError that names the path and errno. */
export async function connectUnix(path: string, handlers: TcpHandlers): Promise<TcpLink> {
  let link: TcpLink | undefined;
  try {
    const socket = await Bun.connect({
      unix: path,
      socket: {
        ...socketHandlers(() => link),
        open(opened) {
          link = new TcpLink(opened, { maxPendingBytes: 1 << 20 });
          link.attach(handlers);
        },
        connectError: () => undefined,
      },
    });
    return link ?? new TcpLink(socket, { maxPendingBytes: 1 << 20 });
  } catch (error) {
    throw new WildfireError("socket", `cannot connect to ${path}: ${errnoOf(error)}`, {
      cause: error,
    });
  }
}

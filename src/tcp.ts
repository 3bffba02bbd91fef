/** The only opener of TCP sockets: connect limit that really ends, bounded write queue, one close report. */
import type { Clock, Timer } from "./core/clock.ts";
import { errnoOf, hintForListenError, listenErrno } from "./core/errno.ts";
import { WildfireError } from "./core/errors.ts";
import { type BunSocket, TcpLink, type TcpHandlers, type TcpLinkOptions } from "./tcp-link.ts";

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
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export interface ConnectAttempt {
  /** Resolves at most once; rejects with a WildfireError whose message names peer and errno. */
  readonly link: Promise<TcpLink>;
  /** Gives up now; the promise rejects unless it is settled already. */
  cancel(): void;
}

/** Bun has no connect limit of its own, so a late success is terminated as soon as it appears. */
export function connectTcp(options: ConnectOptions, handlers: TcpHandlers): ConnectAttempt {
  const { hostname, port, timeoutMs, clock } = options;
  const outcome = Promise.withResolvers<TcpLink>();
  let isSettled = false;
  let link: TcpLink | undefined;
  const settle = (act: () => void): void => {
    if (isSettled) return;
    isSettled = true;
    timer.cancel();
    act();
  };
  const fail = (errno: string): void =>
    settle(() => outcome.reject(new ConnectError(hostname, port, errno)));
  const timer: Timer = clock.after(timeoutMs, () => fail("ETIMEDOUT"));
  const base = socketHandlers(() => link);
  Bun.connect({
    hostname,
    port,
    socket: {
      ...base,
      open(socket) {
        if (isSettled) {
          socket.terminate();
          return;
        }
        const opened = new TcpLink(socket, options);
        opened.attach(handlers);
        link = opened;
        settle(() => outcome.resolve(opened));
      },
      connectError: (_socket, error) => fail(errnoOf(error)),
    },
  }).catch((error: unknown) => fail(errnoOf(error)));
  return { link: outcome.promise, cancel: () => fail("ECANCELED") };
}

export class ConnectError extends WildfireError {
  readonly errno: string;

  constructor(hostname: string, port: number, errno: string) {
    super("socket", `cannot connect to ${hostname}:${port}: ${errno}`);
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

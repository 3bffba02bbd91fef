/** The only opener of HTTP servers, and of the WebSockets on them. */
import { listenErrno, formatErrno, hintForListenError } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { errorAnswer, RequestError } from "./answers.ts";
import { SocketAnswer, type SocketHandlers, type SocketPeer } from "./talk/socket-answer.ts";

export interface WebServerOptions {
  readonly bind: string;
  /** 0: any that is free. */
  readonly port: number;
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Must not throw. A SocketAnswer makes a WebSocket of the request. */
  readonly answer: (request: Request, address: string) => Promise<Response>;
}

export interface WebServer {
  readonly port: number;
  readonly url: string;
  /**
   * From now on with that certificate: Bun cannot exchange it, so that another server takes the port over.
   * What is being answered goes on. Throws a WildfireError, and then the old one stays where the port can be
   * opened again; where it cannot, nothing listens until another call of this succeeds.
   */
  useCertificate(tls: NonNullable<WebServerOptions["tls"]>): void;
  /** Also ends what is still being answered. */
  stop(): Promise<void>;
}

const maxRequestBytes = 1 << 20;
/** A connection that says nothing for so long is closed, but for event streams. */
const idleLimitS = 30;
const eventStreamType = "text/event-stream";
/** Of a WebSocket: twenty frames of sound; a longer message ends the connection. */
const maxMessageBytes = 16 * 1024;
/** More than this never waits for a browser; what is sent beyond it is refused. */
const maxPendingBytes = 256 * 1024;
/** A browser answers pings by itself; one that does not is gone. */
const silentSocketS = 10;
const normalClosure = 1000;

/** What belongs to one WebSocket. */
interface Upgraded {
  readonly handlers: SocketHandlers;
}

/** Throws a WildfireError("socket") when it cannot listen. */
export function openWebServer(options: WebServerOptions): WebServer {
  const first = listen(options);
  /** Undefined: nothing listens. */
  let server: Bun.Server<Upgraded> | undefined = first;
  let current = options;
  const port = first.port ?? options.port;
  const old = new Set<Bun.Server<Upgraded>>();
  return {
    port,
    url: first.url.href,
    useCertificate(tls) {
      const [before, known] = [server, current];
      server = undefined;
      if (before !== undefined) {
        old.add(before);
        // The port is free at once; what is connected stays.
        void before.stop(false).then(() => old.delete(before));
      }
      try {
        server = listen({ ...known, port, tls });
        current = { ...known, tls };
      } catch (error) {
        server = listenIfPossible({ ...known, port });
        throw error;
      }
    },
    async stop() {
      const open = server === undefined ? [] : [server];
      await Promise.all([...open, ...old].map((one) => one.stop(true)));
    },
  };
}

/** Undefined where it cannot, as while the address of the page is away. */
function listenIfPossible(options: WebServerOptions): Bun.Server<Upgraded> | undefined {
  try {
    return listen(options);
  } catch {
    return undefined;
  }
}

function listen(options: WebServerOptions): Bun.Server<Upgraded> {
  const { bind, port, tls, answer } = options;
  try {
    return Bun.serve<Upgraded>({
      hostname: bind,
      port,
      ...(tls === undefined ? {} : { tls }),
      maxRequestBodySize: maxRequestBytes,
      idleTimeout: idleLimitS,
      development: false,
      async fetch(request, self) {
        const response = await answer(request, self.requestIP(request)?.address ?? "");
        if (response instanceof SocketAnswer) return upgrade(self, request, response);
        const isStream = response.headers.get("content-type")?.startsWith(eventStreamType);
        if (isStream === true) self.timeout(request, 0);
        return response;
      },
      websocket,
    });
  } catch (error) {
    throw cannotListen(options, error);
  }
}

const websocket: Bun.WebSocketHandler<Upgraded> = {
  maxPayloadLength: maxMessageBytes,
  backpressureLimit: maxPendingBytes,
  idleTimeout: silentSocketS,
  sendPings: true,
  // Sound does not become smaller, and texts are short.
  perMessageDeflate: false,
  open: (socket) => socket.data.handlers.opened(peerOf(socket)),
  message({ data: { handlers } }, message) {
    if (typeof message === "string") handlers.text(message);
    else handlers.bytes(message);
  },
  close: (socket) => socket.data.handlers.closed(),
};

/** Nothing to answer any more when the connection was taken over. */
function upgrade(
  server: Bun.Server<Upgraded>,
  request: Request,
  { handlers }: SocketAnswer,
): Response | undefined {
  if (server.upgrade(request, { data: { handlers } })) return undefined;
  handlers.closed();
  return errorAnswer(new RequestError(400, "the request cannot become a WebSocket"));
}

function peerOf(socket: Bun.ServerWebSocket<Upgraded>): SocketPeer {
  return {
    get pendingBytes() {
      return socket.getBufferedAmount();
    },
    // 0: dropped; -1: it waits.
    sendText: (text) => socket.sendText(text) !== 0,
    sendBytes: (bytes) => socket.sendBinary(bytes) !== 0,
    close: (reason) => socket.close(normalClosure, reason),
  };
}

function cannotListen({ bind, port, tls }: WebServerOptions, error: unknown): WildfireError {
  const errno = listenErrno(error);
  if (tls !== undefined && !/^E[A-Z]+$/.test(errno)) {
    return new WildfireError("usage", `the certificate cannot be used: ${errno}`, {
      cause: error,
      hint: "give --tls-cert and --tls-key PEM files that belong together",
    });
  }
  const where = `${quote(bind)} port ${port}`;
  return new WildfireError(
    "socket",
    `the web page cannot listen on ${where}: ${formatErrno(errno)}`,
    {
      cause: error,
      hint: hintForListenError(errno),
    },
  );
}

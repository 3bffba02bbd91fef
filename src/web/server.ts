/** The only opener of HTTP servers. */
import { listenErrno, formatErrno, hintForListenError } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";

export interface WebServerOptions {
  readonly bind: string;
  /** 0: any that is free. */
  readonly port: number;
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Must not throw. */
  readonly answer: (request: Request, address: string) => Promise<Response>;
}

export interface WebServer {
  readonly port: number;
  readonly url: string;
  /** Also ends what is still being answered. */
  stop(): Promise<void>;
}

const maxRequestBytes = 1 << 20;
/** A connection that says nothing for so long is closed, but for event streams. */
const idleLimitS = 30;
const eventStreamType = "text/event-stream";

/** Throws a WildfireError("socket") when it cannot listen. */
export function openWebServer(options: WebServerOptions): WebServer {
  const { bind, port, tls, answer } = options;
  try {
    const server = Bun.serve({
      hostname: bind,
      port,
      ...(tls === undefined ? {} : { tls }),
      maxRequestBodySize: maxRequestBytes,
      idleTimeout: idleLimitS,
      development: false,
      async fetch(request, self) {
        const response = await answer(request, self.requestIP(request)?.address ?? "");
        const isStream = response.headers.get("content-type")?.startsWith(eventStreamType);
        if (isStream === true) self.timeout(request, 0);
        return response;
      },
    });
    return {
      port: server.port ?? port,
      url: server.url.href,
      stop: async () => await server.stop(true),
    };
  } catch (error) {
    throw cannotListen(options, error);
  }
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

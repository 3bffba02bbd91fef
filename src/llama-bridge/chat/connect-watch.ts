/**
 * The connect limit, which `fetch` does not have: where no answer has come for a moment, a connection
 * beside the request shows whether the server can be reached at all.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import { type ConnectAttempt, ConnectError, connectTcp } from "../../tcp.ts";
import type { TcpHandlers } from "../../tcp-link.ts";

export interface ConnectWatchOptions {
  readonly endpoint: URL;
  readonly connectMs: number;
  readonly clock: Clock;
  /** The limit has passed without a connection. */
  readonly unreachable: () => void;
}

/** Servers that begin their answer within this time are not bothered with a second connection. */
const patienceMs = 250;

/** Nothing is said on that connection. */
const unused: TcpHandlers = { data: () => undefined, closed: () => undefined };

export class ConnectWatch {
  readonly #options: ConnectWatchOptions;
  #timer: Timer | undefined;
  #attempt: ConnectAttempt | undefined;

  constructor(options: ConnectWatchOptions) {
    this.#options = options;
    const waitMs = Math.min(patienceMs, options.connectMs / 2);
    this.#timer = options.clock.after(waitMs, () => this.#try(options.connectMs - waitMs));
  }

  /** The server has answered, or nobody waits for it any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#attempt?.cancel();
    this.#attempt = undefined;
  }

  #try(timeoutMs: number): void {
    const { endpoint, clock } = this.#options;
    this.#timer = undefined;
    const hostname = endpoint.hostname.replace(/^\[|\]$/g, "");
    const port = Number(endpoint.port) || (endpoint.protocol === "https:" ? 443 : 80);
    const attempt = connectTcp({ hostname, port, timeoutMs, clock, maxPendingBytes: 0 }, unused);
    this.#attempt = attempt;
    attempt.link.then(
      (link) => link.destroy(),
      (error: unknown) => {
        // What else goes wrong, the request itself meets too and can say better.
        const isTimeout = error instanceof ConnectError && error.errno === "ETIMEDOUT";
        if (isTimeout && this.#attempt === attempt) this.#options.unreachable();
      },
    );
  }
}

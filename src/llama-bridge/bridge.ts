/**
 * The connections of all call ids to the LLaMA, or to the voice; a peer that is slow or dead delays
 * nobody, it only fills queues.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { SocketControl } from "../core/socket-control.ts";
import { connectTcp } from "../tcp.ts";
import { parseSocketTable } from "./socket-table.ts";
import { type ConnectionStatus, TextConnection, type TextWritten } from "./connection.ts";

export interface BridgeOptions {
  readonly hostname: string;
  readonly port: number;
  /** Who is there, for the log; "the LLaMA" unless given. */
  readonly peerName?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly control?: SocketControl | undefined;
  /** Text of the kernel's tables of TCP sockets, where there are any. */
  readonly readSocketTables?: (() => Promise<string>) | undefined;
  /** Texts that may wait per call id while the peer is away. */
  readonly queueLimit?: number;
  /** Connections that may stay open without a call; the longest unused goes first. */
  readonly spareLimit?: number;
}

export interface BridgeStatus {
  readonly peer: string;
  readonly connections: number;
  readonly open: number;
  readonly waiting: number;
  readonly sent: number;
  readonly resent: number;
  readonly dropped: number;
  readonly lastError: string | null;
}

const defaults = { queueLimit: 64, spareLimit: 64 } as const;
const connectLimitMs = 2000;
const watchEveryMs = 250;
const maxPendingBytes = 16 << 20;

export class TextBridge {
  readonly #options: BridgeOptions;
  /** Least recently used first. */
  readonly #connections = new Map<string, TextConnection>();
  /** Runs while a connection is used: an idle process should hardly wake. */
  #watch: Timer | undefined;
  readonly #retired = { sent: 0, resent: 0, dropped: 0 };

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  beginCall(callId: string): void {
    this.#use(callId).beginCall();
    this.#dropSpares();
  }

  send(callId: string, text: string, written?: TextWritten): void {
    this.#use(callId).send(text, written);
  }

  /** What waits for this call is not to be sent any more. */
  forget(callId: string): void {
    this.#connections.get(callId)?.forget();
  }

  endCall(callId: string): void {
    this.#use(callId).endCall();
    this.#dropSpares();
  }

  status(): BridgeStatus {
    const all = [...this.#connections.values()].map((connection) => connection.status());
    const sum = (pick: (status: ConnectionStatus) => number): number =>
      all.reduce((total, status) => total + pick(status), 0);
    return {
      peer: `${this.#options.hostname}:${this.#options.port}`,
      connections: all.length,
      open: all.filter((status) => status.state === "open").length,
      waiting: sum((status) => status.waiting),
      sent: this.#retired.sent + sum((status) => status.sent),
      resent: this.#retired.resent + sum((status) => status.resent),
      dropped: this.#retired.dropped + sum((status) => status.dropped),
      lastError: all.find((status) => status.lastError !== null)?.lastError ?? null,
    };
  }

  /** Waits up to `limitMs` for texts that wait, then says good-bye; resolves to the texts given up. */
  async close(limitMs: number): Promise<number> {
    const all = [...this.#connections.values()];
    const limit = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(limitMs, limit.resolve);
    await Promise.race([Promise.all(all.map((connection) => connection.idle())), limit.promise]);
    timer.cancel();
    this.#stopWatching();
    const givenUp = this.status().waiting;
    for (const connection of all) connection.close();
    this.#connections.clear();
    return givenUp;
  }

  async #watchAll(): Promise<void> {
    const { clock, readSocketTables } = this.#options;
    const all = [...this.#connections.values()];
    const isAsked = readSocketTables !== undefined && all.some(({ hasUnsettled }) => hasUnsettled);
    const readAtMs = clock.nowMs();
    const sockets = isAsked ? parseSocketTable(await readSocketTables()) : undefined;
    for (const connection of all) connection.watch(sockets, readAtMs);
    if (![...this.#connections.values()].some((one) => one.isToBeWatched)) this.#stopWatching();
  }

  #stopWatching(): void {
    this.#watch?.cancel();
    this.#watch = undefined;
  }

  /** The connection of an id, made when there is none, moved to the end of the order of use. */
  #use(callId: string): TextConnection {
    const { clock, log, hostname, port, control } = this.#options;
    const known = this.#connections.get(callId);
    const connection =
      known ??
      new TextConnection({
        callId,
        peerName: this.#options.peerName ?? "the LLaMA",
        clock,
        log: log.child({ call: callId }),
        queueLimit: this.#options.queueLimit ?? defaults.queueLimit,
        dial: (handlers) =>
          connectTcp(
            { hostname, port, clock, control, timeoutMs: connectLimitMs, maxPendingBytes },
            handlers,
          ),
      });
    this.#connections.delete(callId);
    this.#connections.set(callId, connection);
    this.#watch ??= clock.every(watchEveryMs, () => void this.#watchAll());
    return connection;
  }

  #dropSpares(): void {
    const limit = this.#options.spareLimit ?? defaults.spareLimit;
    const spares = [...this.#connections.values()].filter((connection) => connection.isSpare);
    for (const connection of spares.slice(0, Math.max(0, spares.length - limit))) {
      const { sent, resent, dropped } = connection.status();
      this.#retired.sent += sent;
      this.#retired.resent += resent;
      this.#retired.dropped += dropped;
      connection.close();
      this.#connections.delete(connection.callId);
    }
  }
}

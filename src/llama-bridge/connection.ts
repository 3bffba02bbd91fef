/**
 * One persistent connection for one call id, to the LLaMA or to the voice: texts leave in order, wait
 * in a bounded queue while the peer is away, and those whose arrival is in doubt when a connection
 * breaks are sent once more.
 */
import { BoundedQueue } from "../core/bounded-queue.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { LogFields, Logger } from "../core/log.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../tcp-link.ts";
import type { ConnectAttempt } from "../tcp.ts";
import { byeMarker, closeMarker, encodeHello, encodeText } from "../wire/text-frames.ts";
import { type SocketTable, unreadByPeer } from "./socket-table.ts";
import {
  type ConnectionInput,
  type ConnectionState,
  nextConnectionState,
  reconnectDelayMs,
} from "./connection-states.ts";

export interface ConnectionOptions {
  /** The id as it is announced in HELLO. */
  readonly callId: string;
  /** Who is there, for the log: "the LLaMA". */
  readonly peerName: string;
  readonly dial: (handlers: TcpHandlers) => ConnectAttempt;
  readonly clock: Clock;
  readonly log: Logger;
  /** Texts that may wait while the peer is away. */
  readonly queueLimit: number;
}

export interface ConnectionStatus {
  readonly callId: string;
  readonly state: ConnectionState;
  readonly calls: number;
  readonly waiting: number;
  readonly sent: number;
  readonly resent: number;
  readonly dropped: number;
  readonly connects: number;
  readonly receivedBytes: number;
  readonly lastError: string | null;
}

/** Told when a text is written, with its number since HELLO, from 1. */
export type TextWritten = (number: number) => void;

interface Frame {
  readonly kind: "text" | "bye";
  bytes: Uint8Array;
  readonly written?: TextWritten | undefined;
}

interface WrittenFrame {
  readonly frame: Frame;
  readonly atMs: number;
}

/** Where nobody can tell what the peer has read, a frame is settled when its connection outlives it by this. */
const settleMs = 500;
/** A peer whose kernel acknowledges nothing for this long is gone, whatever the socket says. */
const halfOpenMs = 10_000;
/** A connection that lives this long was a good one: the next failure starts the back-off anew. */
const stableMs = 1000;
const refusalsToReport = 3;

export class TextConnection {
  readonly callId: string;
  readonly #options: ConnectionOptions;
  readonly #queue: BoundedQueue<Frame>;
  readonly #counts = { sent: 0, resent: 0, connects: 0, receivedBytes: 0 };
  #state: ConnectionState = "idle";
  #calls = 0;
  #failures = 0;
  #openedAtMs = 0;
  /** Texts since HELLO. */
  #textNumber = 0;
  #droppedBefore = 0;
  #link: TcpLink | undefined;
  #attempt: ConnectAttempt | undefined;
  #retry: Timer | undefined;
  #unsettled: WrittenFrame[] = [];
  #unacknowledgedSinceMs: number | undefined;
  #lastError: string | null = null;
  #idleWaiters: (() => void)[] = [];

  constructor(options: ConnectionOptions) {
    this.callId = options.callId;
    this.#options = options;
    this.#queue = new BoundedQueue(options.queueLimit);
  }

  /** No call uses it and nothing waits: it may be closed to make room. */
  get isSpare(): boolean {
    return this.#calls === 0 && this.#queue.length === 0;
  }

  /** False when nothing is on its way and no call is up: then `watch` would find nothing. */
  get isToBeWatched(): boolean {
    return !this.isSpare || this.hasUnsettled || (this.#link?.unacknowledgedBytes ?? 0) > 0;
  }

  get calls(): number {
    return this.#calls;
  }

  beginCall(): void {
    this.#calls += 1;
    this.#want();
  }

  send(text: string, written?: TextWritten): void {
    this.#enqueue({ kind: "text", bytes: encodeText(text), written });
  }

  /** What waits, and what is in doubt, is not to be sent any more. */
  forget(): void {
    this.#queue.clear();
    this.#unsettled = [];
    this.#notifyIdle();
  }

  /** The call is over: BYE follows its last text, and the connection stays for the next call. */
  endCall(): void {
    this.#calls = Math.max(0, this.#calls - 1);
    const last = this.#queue.peekLast();
    // A BYE travels with the text before it, so that it takes no text's place in a full queue.
    if (last !== undefined) last.bytes = Buffer.concat([last.bytes, byeMarker]);
    else if (this.#state === "open") this.#enqueue({ kind: "bye", bytes: byeMarker });
    if (this.isSpare) this.#step("unwanted");
  }

  /** Resolves when nothing waits any more, or the connection is closed. */
  idle(): Promise<void> {
    if (this.#queue.length === 0 || this.#state === "closed") return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Says good-bye where that is possible and frees everything. */
  close(): void {
    if (this.#link?.isOpen === true) {
      if (this.#calls > 0) this.#link.write(byeMarker);
      this.#link.write(closeMarker);
      this.#link.end();
    }
    this.#step("close");
    this.#attempt?.cancel();
    this.#retry?.cancel();
    this.#link = undefined;
    this.#queue.clear();
    this.#unsettled = [];
    this.#notifyIdle();
  }

  /** Some frames may not have been read by the peer yet. */
  get hasUnsettled(): boolean {
    return this.#unsettled.length > 0;
  }

  /**
   * Called a few times a second: settles what the peer has read and notices one that is gone
   * silently. `sockets` is what the kernel said at `readAtMs`, if it says anything.
   */
  watch(sockets?: SocketTable, readAtMs = 0): void {
    const link = this.#link;
    if (link === undefined) return;
    const nowMs = this.#options.clock.nowMs();
    if (link.unacknowledgedBytes <= 0) {
      this.#unacknowledgedSinceMs = undefined;
      const unread = sockets === undefined ? undefined : unreadByPeer(sockets, link.ports);
      if (unread === undefined) this.#settleBefore(nowMs - settleMs);
      else if (unread === 0) this.#settleBefore(readAtMs);
      return;
    }
    this.#unacknowledgedSinceMs ??= nowMs;
    if (nowMs - this.#unacknowledgedSinceMs < halfOpenMs) return;
    const { log, peerName } = this.#options;
    log.warn(`${peerName} acknowledges nothing, connecting again`);
    link.destroy();
  }

  status(): ConnectionStatus {
    return {
      callId: this.callId,
      state: this.#state,
      calls: this.#calls,
      waiting: this.#queue.length,
      dropped: this.#queue.dropped,
      ...this.#counts,
      lastError: this.#lastError,
    };
  }

  #enqueue(frame: Frame): void {
    if (this.#state === "closed") return;
    if (this.#queue.push(frame) !== undefined) this.#reportFirstDrop();
    this.#want();
    this.#flush();
  }

  /** Once per absence; how many it became is said when the peer is back. */
  #reportFirstDrop(): void {
    if (this.#queue.dropped - this.#droppedBefore !== 1) return;
    const { log, peerName } = this.#options;
    log.warn(`${peerName} is away and the queue is full: the oldest texts are dropped`, {
      queued: this.#queue.length,
    });
  }

  #want(): void {
    if (this.#state === "idle") this.#step("wanted");
  }

  #step(input: ConnectionInput): void {
    const before = this.#state;
    this.#state = nextConnectionState(before, input);
    if (this.#state === before) return;
    if (this.#state === "connecting") this.#connect();
    if (this.#state === "waiting") this.#waitToRetry();
    if (this.#state === "idle") this.#retry?.cancel();
  }

  #connect(): void {
    const attempt = this.#options.dial({
      data: (bytes) => {
        this.#counts.receivedBytes += bytes.length;
      },
      drained: () => this.#flush(),
      closed: (reason) => this.#lost(reason),
    });
    this.#attempt = attempt;
    attempt.link.then(
      (link) => this.#opened(link),
      (error: unknown) => this.#failed(describeError(error)),
    );
  }

  #opened(link: TcpLink): void {
    if (this.#state !== "connecting") {
      link.destroy();
      return;
    }
    this.#link = link;
    this.#openedAtMs = this.#options.clock.nowMs();
    this.#lastError = null;
    this.#counts.connects += 1;
    const dropped = this.#queue.dropped - this.#droppedBefore;
    this.#droppedBefore = this.#queue.dropped;
    this.#say(`connected to ${this.#options.peerName}`, {
      peer: link.remote,
      waiting: this.#queue.length,
      dropped,
    });
    this.#textNumber = 0;
    link.write(encodeHello(this.callId));
    // The last call ended while the connection was being opened: the peer must not think it goes on.
    if (this.isSpare) link.write(byeMarker);
    this.#step("opened");
    this.#flush();
  }

  #failed(message: string): void {
    if (this.#state !== "connecting") return;
    this.#lastError = message;
    this.#step("failed");
  }

  #lost(reason: TcpClose): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#lastError = reason.errno ?? `connection ${reason.kind}`;
    if (this.#options.clock.nowMs() - this.#openedAtMs >= stableMs) this.#failures = 0;
    const doubtful = reason.writesInDoubt || reason.kind === "local" ? this.#takeUnsettled() : [];
    this.#unsettled = [];
    this.#counts.resent += doubtful.length;
    this.#queue.unshift(doubtful);
    const waiting = this.#queue.length;
    this.#say(`lost the connection to ${this.#options.peerName}`, {
      reason: this.#lastError,
      waiting,
    });
    this.#step("lost");
  }

  #waitToRetry(): void {
    this.#failures += 1;
    const delayMs = reconnectDelayMs(this.#failures);
    if (this.#failures === refusalsToReport) {
      const { log, peerName } = this.#options;
      log.warn(
        `${peerName} does not accept this call id: start it, or restart it if it holds an ended call`,
        { reason: this.#lastError, waiting: this.#queue.length },
      );
    }
    if (this.isSpare) {
      this.#step("unwanted");
      return;
    }
    this.#retry = this.#options.clock.after(delayMs, () => this.#step("retry"));
  }

  #flush(): void {
    const link = this.#link;
    if (link === undefined) return;
    let frame = this.#queue.peek();
    while (frame !== undefined && link.pendingBytes === 0 && link.write(frame.bytes)) {
      this.#queue.shift();
      this.#written(frame);
      frame = this.#queue.peek();
    }
    if (frame === undefined) this.#notifyIdle();
  }

  #written(frame: Frame): void {
    this.#unsettled.push({ frame, atMs: this.#options.clock.nowMs() });
    if (this.#unsettled.length > this.#queue.limit) this.#unsettled.shift();
    if (frame.kind === "bye") return;
    this.#counts.sent += 1;
    this.#textNumber += 1;
    frame.written?.(this.#textNumber);
  }

  #settleBefore(atMs: number): void {
    while ((this.#unsettled[0]?.atMs ?? atMs) < atMs) this.#unsettled.shift();
  }

  #takeUnsettled(): Frame[] {
    return this.#unsettled.map((written) => written.frame);
  }

  /** A peer that comes and goes is reported once, not five times a second. */
  #say(message: string, fields: LogFields): void {
    if (this.#failures < refusalsToReport) this.#options.log.info(message, fields);
    else this.#options.log.debug(message, fields);
  }

  #notifyIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}

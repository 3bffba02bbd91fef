/**
 * The UDP port on which calls are announced. It counts everything, asks the kernel about its socket,
 * opens it again when it dies, and says which failure pattern it sees.
 */
import type { Clock, Timer } from "../core/clock.ts";
import { formatErrno } from "../core/errno.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import type { SocketControl } from "../core/socket-control.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";
import type { CallId } from "../wire/call-id.ts";
import {
  parseRegistration,
  type RefusalReason,
  type RefusedDatagram,
  type Signal,
} from "../wire/registration.ts";
import { type FailurePattern, type ListenerSample, recognisePatterns } from "./listener-health.ts";

export interface ListenerOptions {
  readonly hostname: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly control?: SocketControl | undefined;
  /** `address` is where the datagram came from. */
  readonly onRegister: (callId: CallId, address: string) => void;
  readonly onBye: (callId: CallId) => void;
}

export interface ListenerStatus {
  readonly address: string;
  readonly isOpen: boolean;
  readonly fileDescriptor: number;
  readonly receiveBufferWantedBytes: number;
  readonly receiveBufferBytes: number;
  readonly queuedBytes: number;
  readonly kernelDrops: number;
  readonly datagrams: number;
  readonly bytes: number;
  readonly registers: number;
  readonly byes: number;
  readonly refused: Readonly<Record<RefusalReason, number>>;
  readonly lastDatagram: {
    readonly from: string;
    readonly bytes: number;
    readonly agoMs: number;
  } | null;
  /** The last ones, oldest first. */
  readonly recent: readonly SeenDatagram[];
  readonly errors: number;
  readonly lastErrno: string | null;
  readonly reopened: number;
  readonly patterns: readonly FailurePattern[];
}

export interface SeenDatagram {
  readonly from: string;
  readonly bytes: number;
  /** `REGISTER 7`, or why it was refused. */
  readonly what: string;
  readonly agoMs: number;
}

/** As it is kept: cheap to note, since calls wait. */
interface RecentDatagram {
  readonly address: string;
  readonly port: number;
  readonly bytes: number;
  readonly what: string;
  readonly atMs: number;
}

const recentDatagrams = 8;
const wantedReceiveBufferBytes = 4 << 20;
const healthEveryDatagrams = 100;
const healthEveryMs = 5000;
const heartbeatEveryMs = 60_000;
const reopenDelayMs = 500;

export class RegistrationListener {
  readonly #options: ListenerOptions;
  readonly #repeated: RepeatedLog;
  readonly #timers: Timer[];
  readonly #startedAtMs: number;
  readonly #counts = { datagrams: 0, bytes: 0, registers: 0, byes: 0, errors: 0, reopened: 0 };
  readonly #refused: Record<RefusalReason, number> = {
    empty: 0,
    oversized: 0,
    "not-utf8": 0,
    "unknown-verb": 0,
    "bad-call-id": 0,
  };
  #endpoint: UdpEndpoint | undefined;
  #isClosed = false;
  #isReopening = false;
  #last = { address: "", port: 0, bytes: 0, atMs: 0 };
  readonly #recent: RecentDatagram[] = [];
  #lastErrno: string | null = null;
  #lastErrorAtMs: number | undefined;
  #previous: ListenerSample | undefined;
  #patterns: FailurePattern[] = [];
  #datagramsAtHeartbeat = 0;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.nowMs();
    this.#repeated = new RepeatedLog(options.log, options.clock);
    this.#timers = [
      options.clock.every(healthEveryMs, () => this.checkHealth()),
      options.clock.every(heartbeatEveryMs, () => this.#heartbeat()),
    ];
  }

  /** Throws a WildfireError("socket") when the port cannot be opened. */
  static async open(options: ListenerOptions): Promise<RegistrationListener> {
    const listener = new RegistrationListener(options);
    try {
      await listener.#openSocket();
    } catch (error) {
      listener.close();
      throw error;
    }
    return listener;
  }

  get port(): number {
    return this.#endpoint?.port ?? this.#options.port;
  }

  /** Looks at the socket now; called by itself every 100 datagrams and every 5 s. */
  checkHealth(): void {
    if (this.#isClosed) return;
    const sample = this.#sample();
    const before = new Set(this.#patterns.map((found) => found.pattern));
    this.#patterns = recognisePatterns(sample, this.#previous);
    this.#previous = sample;
    for (const found of this.#patterns) {
      if (before.has(found.pattern)) continue;
      this.#options.log.warn(`pattern ${found.pattern}: ${found.finding}`, {
        advice: found.advice,
      });
    }
    if (this.#patterns.some((found) => found.pattern === "B")) void this.#reopen();
  }

  status(): ListenerStatus {
    const health = this.#endpoint?.health();
    return {
      address: `${this.#options.hostname}:${this.port}`,
      isOpen: this.#endpoint?.isOpen ?? false,
      fileDescriptor: this.#endpoint?.fd ?? -1,
      receiveBufferWantedBytes: wantedReceiveBufferBytes,
      receiveBufferBytes: this.#endpoint?.receiveBufferBytes ?? -1,
      queuedBytes: health?.queuedBytes ?? -1,
      kernelDrops: health?.drops ?? -1,
      ...this.#counts,
      refused: { ...this.#refused },
      lastDatagram: this.#lastDatagram(),
      recent: this.#recentNow(),
      lastErrno: this.#lastErrno,
      patterns: this.#patterns,
    };
  }

  #lastDatagram(): ListenerStatus["lastDatagram"] {
    const { address, port, bytes, atMs } = this.#last;
    if (atMs === 0) return null;
    const agoMs = Math.round(this.#options.clock.nowMs() - atMs);
    return { from: `${address}:${port}`, bytes, agoMs };
  }

  #recentNow(): ListenerStatus["recent"] {
    const nowMs = this.#options.clock.nowMs();
    return this.#recent.map(({ address, port, bytes, what, atMs }) => {
      return { from: `${address}:${port}`, bytes, what, agoMs: Math.round(nowMs - atMs) };
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#repeated.close();
    this.#endpoint?.close();
  }

  async #openSocket(): Promise<void> {
    const { hostname, control, log } = this.#options;
    const endpoint = await openUdp({
      hostname,
      // Opened again, it must have the number that the first one got, also when the system chose it.
      port: this.port,
      ...(control === undefined ? {} : { control }),
      receiveBufferBytes: wantedReceiveBufferBytes,
      onDatagram: (bytes, address, fromPort) => this.#receive(bytes, address, fromPort),
      onError: (errno) => this.#socketError(errno),
    });
    if (this.#isClosed) {
      endpoint.close();
      return;
    }
    this.#endpoint = endpoint;
    log.info("listening for registrations", {
      address: `${hostname}:${endpoint.port}`,
      fd: endpoint.fd,
      receiveBufferBytes: endpoint.receiveBufferBytes,
      wantedBytes: wantedReceiveBufferBytes,
    });
  }

  #receive(bytes: Uint8Array, address: string, port: number): void {
    this.#counts.datagrams += 1;
    this.#counts.bytes += bytes.length;
    this.#last = { address, port, bytes: bytes.length, atMs: this.#options.clock.nowMs() };
    const { log } = this.#options;
    if (log.isEnabled("debug")) {
      const count = this.#counts.datagrams;
      log.debug("datagram", { count, bytes: bytes.length, from: `${address}:${port}` });
    }
    const message = parseRegistration(bytes);
    this.#note(message);
    this.#dispatch(message, bytes, address);
    if (this.#counts.datagrams % healthEveryDatagrams === 0) this.checkHealth();
  }

  #note(message: Signal | RefusedDatagram): void {
    const what =
      message.kind === "refused"
        ? `refused: ${message.reason}`
        : `${message.kind.toUpperCase()} ${message.callId.text}`;
    this.#recent.push({ ...this.#last, what });
    if (this.#recent.length > recentDatagrams) this.#recent.shift();
  }

  #dispatch(message: Signal | RefusedDatagram, bytes: Uint8Array, address: string): void {
    switch (message.kind) {
      case "register":
        this.#counts.registers += 1;
        this.#options.onRegister(message.callId, address);
        return;
      case "bye":
        this.#counts.byes += 1;
        this.#options.onBye(message.callId);
        return;
      case "speech":
      case "silence":
      case "pause":
      case "resume":
        return;
      case "refused":
        this.#refused[message.reason] += 1;
        this.#repeated.say("warn", `datagram refused: ${message.reason}`, () => ({
          bytes: bytes.length,
          from: address,
          datagram: message.quoted,
        }));
        return;
    }
  }

  #socketError(errno: string): void {
    this.#counts.errors += 1;
    this.#lastErrno = errno;
    this.#lastErrorAtMs = this.#options.clock.nowMs();
    this.#repeated.say("warn", `registration socket error: ${formatErrno(errno)}`);
    this.checkHealth();
  }

  #sample(): ListenerSample {
    return {
      nowMs: this.#options.clock.nowMs(),
      startedAtMs: this.#startedAtMs,
      datagrams: this.#counts.datagrams,
      isOpen: this.#endpoint?.isOpen ?? false,
      errors: this.#counts.errors,
      lastErrno: this.#lastErrno,
      lastErrorAtMs: this.#lastErrorAtMs,
      health: this.#endpoint?.health(),
    };
  }

  async #reopen(): Promise<void> {
    if (this.#isReopening) return;
    this.#isReopening = true;
    this.#endpoint?.close();
    try {
      await this.#openSocket();
      this.#counts.reopened += 1;
      this.checkHealth();
    } catch (error) {
      this.#repeated.say("error", "cannot reopen the registration socket", () => ({
        reason: describeError(error),
      }));
      this.#options.clock.after(reopenDelayMs, () => this.checkHealth());
    } finally {
      this.#isReopening = false;
    }
  }

  #heartbeat(): void {
    const { datagrams } = this.#counts;
    const since = datagrams - this.#datagramsAtHeartbeat;
    this.#datagramsAtHeartbeat = datagrams;
    const fields = { datagrams, fd: this.#endpoint?.fd, errors: this.#counts.errors };
    if (since === 0) this.#options.log.info("idle: no datagram in the last minute", fields);
    else this.#options.log.info("datagrams in the last minute", { count: since, ...fields });
  }
}

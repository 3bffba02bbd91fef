/** One TCP or TLS connection that carries SIP: framing, keep-alives, and its end. */
import type { Clock } from "../../../core/clock.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../../../tcp-link.ts";
import { SipStreamFramer, type SipStreamSink } from "../message/sip-stream-framer.ts";
import { canonicalAddress } from "./address-text.ts";
import type { FlowSendOutcome, SipEndpoint, SipFlow } from "./sip-flow.ts";

export interface StreamFlowOptions {
  readonly transport: "tcp" | "tls";
  readonly remote: SipEndpoint;
  /** The name that the certificate was checked for; the peer connected to us where it is undefined. */
  readonly serverName?: string | undefined;
  readonly isAccepted: boolean;
  readonly local: (link: TcpLink) => SipEndpoint;
  readonly clock: Clock;
  /** The bytes are the receiver's to keep. */
  readonly onMessage: (bytes: Uint8Array, flow: StreamFlow) => void;
  readonly onViolation: (reason: string, flow: StreamFlow) => void;
  /** Once, and only after the connection was there. */
  readonly onClosed: (flow: StreamFlow, errno: string) => void;
}

/** Ping and pong of RFC 5626 section 3.5.1. */
const ping = new TextEncoder().encode("\r\n\r\n");
const pong = new TextEncoder().encode("\r\n");
const pingEveryMs = 25_000;
const pongLimitMs = 10_000;
/** For the first message, and for the rest of one that has begun. */
const stuckMs = 10_000;
const unheardMs = 10_000;
const idleMs = 5 * 60_000;

export class StreamFlow implements SipFlow {
  readonly transport: "tcp" | "tls";
  readonly isReliable = true;
  readonly remote: SipEndpoint;
  readonly serverName: string | undefined;
  readonly isAccepted: boolean;
  readonly handlers: TcpHandlers;
  readonly #options: StreamFlowOptions;
  readonly #framer = new SipStreamFramer();
  readonly #sink: SipStreamSink;
  #link: TcpLink | undefined;
  #boundAddress = "";
  #local: SipEndpoint = { address: "", port: 0 };
  #leases = 0;
  #messages = 0;
  #lineEnds = 0;
  #answersPings = false;
  #pingedAtMs: number | undefined;
  /** Since the kernel was asked last. */
  #isWritten = false;
  #unheardSinceMs: number | undefined;
  #activeAtMs: number;
  #pendingSinceMs: number | undefined;
  #errno: string | undefined;

  constructor(options: StreamFlowOptions) {
    this.#options = options;
    this.transport = options.transport;
    this.remote = options.remote;
    this.serverName = options.serverName;
    this.isAccepted = options.isAccepted;
    this.#activeAtMs = options.clock.nowMs();
    this.handlers = {
      data: (bytes) => this.#receive(bytes),
      closed: (reason) => this.#closed(reason),
    };
    this.#sink = {
      message: (bytes) => this.#message(bytes),
      ping: () => undefined,
      pong: () => void (this.#lineEnds += 1),
      violation: (reason) => this.#violation(reason),
    };
  }

  get local(): SipEndpoint {
    return this.#local;
  }

  /** The address that this end of the connection really has. */
  get boundAddress(): string {
    return this.#boundAddress;
  }

  get isOpen(): boolean {
    return this.#link?.isOpen === true && this.#errno === undefined;
  }

  get isKept(): boolean {
    return this.#leases > 0;
  }

  /** The connection is there. */
  attach(link: TcpLink): void {
    this.#link = link;
    this.#boundAddress = canonicalAddress(link.localAddress) ?? link.localAddress;
    this.#local = this.#options.local(link);
    this.#activeAtMs = this.#options.clock.nowMs();
  }

  send(bytes: Uint8Array): FlowSendOutcome {
    if (this.#link === undefined || !this.isOpen) return { ok: false, errno: "EPIPE" };
    this.#activeAtMs = this.#options.clock.nowMs();
    if (this.#write(bytes)) return { ok: true };
    const errno = this.#link.pendingBytes > 0 ? "ENOBUFS" : "EPIPE";
    // Later, since whoever sends is not ready to be told of the end of the flow.
    this.#options.clock.after(0, () => this.end(errno));
    return { ok: false, errno };
  }

  lease(): void {
    this.#leases += 1;
  }

  release(): void {
    this.#leases -= 1;
    this.#activeAtMs = this.#options.clock.nowMs();
  }

  /** Closes at once; its opener is told `errno`. */
  end(errno: string): void {
    this.#errno ??= errno;
    this.#link?.destroy();
  }

  tick(nowMs: number): void {
    if (!this.isOpen) return;
    const idleForMs = nowMs - this.#activeAtMs;
    if (this.#isStuck(nowMs) || this.#isUnheard(nowMs) || this.#isUnanswered(nowMs)) {
      this.end("ETIMEDOUT");
    } else if (!this.isKept) {
      if (idleForMs >= idleMs) this.end("ETIMEDOUT");
    } else if (idleForMs >= pingEveryMs && this.#pingedAtMs === undefined && this.#write(ping)) {
      this.#pingedAtMs = nowMs;
    }
  }

  #isStuck(nowMs: number): boolean {
    if (this.#pendingSinceMs !== undefined) return nowMs - this.#pendingSinceMs >= stuckMs;
    return this.isAccepted && this.#messages === 0 && nowMs - this.#activeAtMs >= stuckMs;
  }

  /** The kernel of the peer acknowledges nothing of what was written: it is gone, or the way to it. */
  #isUnheard(nowMs: number): boolean {
    if (!this.#isWritten) return false;
    if ((this.#link?.unacknowledgedBytes ?? 0) <= 0) {
      this.#isWritten = false;
      this.#unheardSinceMs = undefined;
      return false;
    }
    this.#unheardSinceMs ??= nowMs;
    return nowMs - this.#unheardSinceMs >= unheardMs;
  }

  /** Many peers answer no ping at all, so only one that did before must do so again. */
  #isUnanswered(nowMs: number): boolean {
    if (this.#pingedAtMs === undefined || nowMs - this.#pingedAtMs < pongLimitMs) return false;
    this.#activeAtMs = this.#pingedAtMs;
    this.#pingedAtMs = undefined;
    return this.#answersPings;
  }

  #write(bytes: Uint8Array): boolean {
    this.#isWritten = true;
    return this.#link?.write(bytes) === true;
  }

  #receive(bytes: Uint8Array): void {
    this.#lineEnds = 0;
    this.#framer.push(bytes, this.#sink);
    if (!this.isOpen) return;
    const nowMs = this.#options.clock.nowMs();
    if (this.#pingedAtMs !== undefined && this.#lineEnds > 0) this.#answersPings = true;
    // A ping comes in one piece. Two line ends with time between them are the pongs to two of ours.
    if (this.#lineEnds >= 2) this.#write(pong);
    this.#pingedAtMs = undefined;
    // Whoever connects and then says nothing that is SIP is not kept alive by saying it slowly.
    if (this.#messages > 0 || !this.isAccepted) this.#activeAtMs = nowMs;
    if (this.#framer.pendingBytes === 0) this.#pendingSinceMs = undefined;
    else this.#pendingSinceMs ??= nowMs;
  }

  #message(bytes: Uint8Array): void {
    this.#messages += 1;
    // Each complete message proves that the peer goes on; what is left then is another one.
    this.#pendingSinceMs = undefined;
    this.#options.onMessage(bytes, this);
    if (!this.isOpen) this.#framer.stop();
  }

  #violation(reason: string): void {
    this.#options.onViolation(reason, this);
    this.end("EPROTO");
  }

  #closed(reason: TcpClose): void {
    this.#framer.stop();
    if (this.#link === undefined) return;
    const byPeer = reason.kind === "reset" ? "ECONNRESET" : "EPIPE";
    this.#errno ??= reason.errno ?? byPeer;
    this.#options.onClosed(this, this.#errno);
  }
}

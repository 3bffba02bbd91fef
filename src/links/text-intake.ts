/**
 * Takes the texts of all calls, as llama (TCP 8083) and the voice (TCP 8090) do: one connection for each
 * call, the newest one counts.
 */
import type { Clock, Timer } from "../core/clock.ts";
import { quote } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { listenTcp, type TcpServer } from "../tcp.ts";
import type { TcpHandlers, TcpLink } from "../tcp-link.ts";
import { type CallId, parseCallId } from "../wire/call-id.ts";
import { TextFrameDecoder, type TextFrameSink } from "../wire/text-frames.ts";

export interface TextIntakeListener {
  /** A connection said whose texts it will bring; also when it takes the place of another one. */
  connected(callId: CallId, link: TcpLink): void;
  text(callId: CallId, text: string): void;
  /** BYE: the call is over; texts of the next call with this id may follow. */
  ended(callId: CallId): void;
  /** The connection is over without a successor; there may have been no BYE. */
  lost(callId: CallId): void;
}

export interface TextIntakeOptions {
  readonly bind: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Who connects, for the log: "the LLaMA". */
  readonly peerName: string;
  /** Of what is written back: more than this never waits for a peer that does not read. */
  readonly maxPendingBytes: number;
  readonly listener: TextIntakeListener;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface TextIntakeStatus {
  readonly open: number;
  readonly connections: number;
  readonly replaced: number;
  readonly texts: number;
  readonly invalidTexts: number;
  readonly byes: number;
  readonly violations: number;
}

interface Peer {
  readonly link: TcpLink;
  readonly helloTimer: Timer;
  callId: CallId | undefined;
}

const helloLimitMs = 5000;
const maxConnections = 2000;

export class TextIntake {
  readonly #options: TextIntakeOptions;
  readonly #repeated: RepeatedLog;
  readonly #server: TcpServer;
  readonly #peers = new Set<Peer>();
  readonly #byCall = new Map<number, Peer>();
  readonly #counts = {
    connections: 0,
    replaced: 0,
    texts: 0,
    invalidTexts: 0,
    byes: 0,
    violations: 0,
  };

  /** Throws a WildfireError("socket") when the port cannot be opened. */
  constructor(options: TextIntakeOptions) {
    this.#options = options;
    this.#server = listenTcp({
      hostname: options.bind,
      port: options.port,
      maxPendingBytes: options.maxPendingBytes,
      accept: (link) => this.#accept(link),
    });
    this.#repeated = new RepeatedLog(options.log, options.clock);
  }

  get port(): number {
    return this.#server.port;
  }

  status(): TextIntakeStatus {
    return { open: this.#peers.size, ...this.#counts };
  }

  /** Closes everything; the listener hears nothing of it. */
  close(): void {
    this.#server.stop(false);
    this.#byCall.clear();
    for (const { link, helloTimer } of this.#peers) {
      helloTimer.cancel();
      link.destroy();
    }
    this.#peers.clear();
    this.#repeated.close();
  }

  #accept(link: TcpLink): TcpHandlers {
    this.#counts.connections += 1;
    if (this.#peers.size >= maxConnections) {
      this.#violation("too many connections", link);
      return { data: () => undefined, closed: () => undefined };
    }
    const helloTimer = this.#options.clock.after(helloLimitMs, () =>
      this.#violation("it sent no HELLO", link),
    );
    const peer: Peer = { link, helloTimer, callId: undefined };
    this.#peers.add(peer);
    const decoder = new TextFrameDecoder({ expectHello: true, zeroMeans: "close" });
    const sink = this.#sink(peer);
    return {
      data: (bytes) => decoder.push(bytes, sink),
      closed: () => this.#closed(peer),
    };
  }

  #sink(peer: Peer): TextFrameSink {
    const { listener } = this.#options;
    return {
      hello: (text) => this.#greeted(peer, text),
      text: (text, valid) => {
        if (!this.#isCurrent(peer) || peer.callId === undefined) return;
        this.#counts.texts += 1;
        if (!valid) this.#counts.invalidTexts += 1;
        listener.text(peer.callId, text);
      },
      bye: () => {
        if (!this.#isCurrent(peer) || peer.callId === undefined) return;
        this.#counts.byes += 1;
        listener.ended(peer.callId);
      },
      close: () => peer.link.end(),
      violation: (reason) => this.#violation(reason, peer.link),
    };
  }

  #greeted(peer: Peer, hello: string): void {
    peer.helloTimer.cancel();
    const parsed = parseCallId(hello.trim());
    if (!parsed.ok) {
      this.#violation(parsed.refusal, peer.link);
      return;
    }
    const { callId } = parsed;
    const before = this.#byCall.get(callId.number);
    peer.callId = callId;
    this.#byCall.set(callId.number, peer);
    if (before !== undefined) {
      this.#counts.replaced += 1;
      before.link.destroy();
    }
    const { peerName, listener, log } = this.#options;
    log.info(`${peerName} connected`, { call: callId.text, peer: peer.link.remote });
    listener.connected(callId, peer.link);
  }

  #isCurrent(peer: Peer): boolean {
    return peer.callId !== undefined && this.#byCall.get(peer.callId.number) === peer;
  }

  #violation(reason: string, link: TcpLink): void {
    this.#counts.violations += 1;
    const { remote } = link;
    this.#repeated.say("warn", "a connection for texts is refused", () => ({
      reason: quote(reason, 200),
      peer: remote,
    }));
    queueMicrotask(() => link.destroy());
  }

  #closed(peer: Peer): void {
    peer.helloTimer.cancel();
    this.#peers.delete(peer);
    if (!this.#isCurrent(peer) || peer.callId === undefined) return;
    this.#byCall.delete(peer.callId.number);
    this.#options.listener.lost(peer.callId);
  }
}

/**
 * The voice's end of one call's replies: asks outbound to connect until it has, gives it sound in
 * chunks, and asks again when it has gone away.
 */
import { nextAnnouncementMs } from "../wire/announce-schedule.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { formatErrno } from "../core/errno.ts";
import { quote } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { listenTcp, type TcpServer } from "../tcp.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../tcp-link.ts";
import { AudioFrameDecoder } from "../wire/audio-frames.ts";
import { type CallId, parseCallId } from "../wire/call-id.ts";
import { replyAudioPort } from "../wire/ports.ts";
import { encodeReplyChunk, replyEndMarker } from "../wire/reply-audio.ts";
import { nextVoiceLinkState, type VoiceLinkState } from "./voice-link-states.ts";

export interface VoiceLinkOptions {
  readonly callId: CallId;
  /** Address on which outbound finds the sound. */
  readonly bind: string;
  readonly rateHz: number;
  /** Sends REGISTER for this call to outbound. */
  readonly announce: () => void;
  /** Sound may be written again. */
  readonly onRoom: () => void;
  /** Outbound has gone away, or another connection has taken the place of its last one. */
  readonly onLost?: (() => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface VoiceLinkStatus {
  readonly state: VoiceLinkState;
  readonly announcements: number;
  readonly connects: number;
  readonly refused: number;
  readonly streams: number;
  readonly chunks: number;
}

/** One connection, as its handlers know it. */
interface Peer {
  readonly link: TcpLink;
  readonly helloTimer: Timer;
}

const helloLimitMs = 5000;
/** A connection that lives this long was a good one: outbound is asked quickly again. */
const stableMs = 1000;
/** Connections that have not said HELLO. */
const maxStrangers = 4;
const maxPendingBytes = 256 * 1024;

export class VoiceLink {
  readonly #options: VoiceLinkOptions;
  readonly #repeated: RepeatedLog;
  readonly #server: TcpServer;
  readonly #strangers = new Set<Peer>();
  readonly #counts = { announcements: 0, connects: 0, refused: 0, streams: 0, chunks: 0 };
  #state: VoiceLinkState = "announcing";
  #link: TcpLink | undefined;
  #openedAtMs = 0;
  #announcingSinceMs: number;
  #timer: Timer | undefined;
  /** Rises for as long as the call lasts, since some peers remember it from stream to stream. */
  #chunkId = 0;
  #isInStream = false;
  /** On the present connection, which outbound counts just so. */
  #stream = 0;

  /** Begins to announce at once; throws a WildfireError("socket") when the call's port is taken. */
  constructor(options: VoiceLinkOptions) {
    this.#options = options;
    this.#server = listenTcp({
      hostname: options.bind,
      port: replyAudioPort(options.callId),
      maxPendingBytes,
      accept: (link) => this.#accept(link),
    });
    this.#repeated = new RepeatedLog(options.log, options.clock);
    this.#announcingSinceMs = options.clock.nowMs();
    this.#announce();
  }

  /** False without a connection, and while outbound reads too slowly. */
  get hasRoom(): boolean {
    return this.#link?.isOpen === true && this.#link.pendingBytes === 0;
  }

  /** The number of the last stream on the present connection, from 1. */
  get stream(): number {
    return this.#stream;
  }

  status(): VoiceLinkStatus {
    return { state: this.#state, ...this.#counts };
  }

  /** Nothing is sent without `hasRoom`; false then. */
  write(samples: Float32Array): boolean {
    const { rateHz } = this.#options;
    const chunk = encodeReplyChunk(samples, { rateHz, chunkId: this.#chunkId + 1 });
    if (this.#link?.write(chunk) !== true) return false;
    this.#chunkId += 1;
    this.#counts.chunks += 1;
    if (this.#isInStream) return true;
    this.#isInStream = true;
    this.#stream += 1;
    this.#counts.streams += 1;
    return true;
  }

  /** The reply is over, or interrupted. What is written next begins another one. */
  endStream(): void {
    if (!this.#isInStream) return;
    this.#isInStream = false;
    this.#link?.write(replyEndMarker);
  }

  /** Outbound has shown that it is there: it is asked at once, and quickly again. */
  hurry(): void {
    if (this.#state !== "announcing") return;
    this.#announcingSinceMs = this.#options.clock.nowMs();
    this.#announce();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = nextVoiceLinkState(this.#state, "close");
    this.#timer?.cancel();
    this.#server.stop(false);
    for (const stranger of this.#strangers) this.#dismiss(stranger);
    const link = this.#link;
    this.endStream();
    this.#link = undefined;
    // In order, so that what was said to the end is heard to the end.
    link?.end();
    this.#repeated.close();
  }

  #announce(): void {
    this.#timer?.cancel();
    if (this.#state !== "announcing") return;
    this.#counts.announcements += 1;
    this.#options.announce();
    const { clock } = this.#options;
    const delayMs = nextAnnouncementMs(clock.nowMs() - this.#announcingSinceMs);
    this.#timer = clock.after(delayMs, () => this.#announce());
  }

  #accept(link: TcpLink): TcpHandlers {
    if (this.#state === "closed" || this.#strangers.size >= maxStrangers) {
      this.#counts.refused += 1;
      // It is not yet attached, so it cannot be closed within this call.
      queueMicrotask(() => link.destroy());
      return { data: () => undefined, closed: () => undefined };
    }
    const helloTimer = this.#options.clock.after(helloLimitMs, () =>
      this.#refuse(peer, "it sent no HELLO"),
    );
    const peer: Peer = { link, helloTimer };
    this.#strangers.add(peer);
    const decoder = new AudioFrameDecoder();
    const sink = {
      hello: (text: string) => this.#greeted(peer, text),
      // Outbound sends nothing but HELLO; what else comes is not ours to judge.
      chunkDeclared: () => undefined,
      samples: () => undefined,
      end: () => undefined,
      violation: (reason: string) => this.#refuse(peer, reason),
    };
    return {
      data: (bytes) => decoder.push(bytes, sink),
      drained: () => this.#drained(link),
      closed: (reason) => this.#lost(peer, reason),
    };
  }

  #greeted(peer: Peer, hello: string): void {
    const { callId, clock, log } = this.#options;
    const parsed = parseCallId(hello.trim());
    if (!parsed.ok || parsed.callId.number !== callId.number) {
      this.#refuse(peer, `its HELLO ${quote(hello)} is of another call`);
      return;
    }
    peer.helloTimer.cancel();
    this.#strangers.delete(peer);
    const before = this.#link;
    this.#link = peer.link;
    this.#isInStream = false;
    this.#stream = 0;
    this.#openedAtMs = clock.nowMs();
    this.#counts.connects += 1;
    this.#state = nextVoiceLinkState(this.#state, "hello");
    this.#timer?.cancel();
    // Whoever comes anew does not see the old connection.
    before?.destroy();
    if (before !== undefined) this.#options.onLost?.();
    log.info("outbound connected", { peer: peer.link.remote, connects: this.#counts.connects });
    this.#options.onRoom();
  }

  #refuse(peer: Peer, reason: string): void {
    this.#counts.refused += 1;
    this.#repeated.say("warn", "a connection for reply audio is refused", () => ({ reason }));
    this.#dismiss(peer);
    if (peer.link === this.#link) peer.link.destroy();
  }

  #dismiss(peer: Peer): void {
    peer.helloTimer.cancel();
    if (this.#strangers.delete(peer)) peer.link.destroy();
  }

  #drained(link: TcpLink): void {
    if (link === this.#link) this.#options.onRoom();
  }

  #lost(peer: Peer, { kind, errno }: TcpClose): void {
    peer.helloTimer.cancel();
    this.#strangers.delete(peer);
    if (peer.link !== this.#link) return;
    const { clock, log } = this.#options;
    this.#link = undefined;
    this.#isInStream = false;
    this.#state = nextVoiceLinkState(this.#state, "lost");
    const reason = errno === undefined ? `connection ${kind}` : formatErrno(errno);
    log.debug("connection of outbound is over", { reason });
    this.#options.onLost?.();
    const nowMs = clock.nowMs();
    if (nowMs - this.#openedAtMs >= stableMs) this.#announcingSinceMs = nowMs;
    // One that goes away at once is not asked again at once.
    const delayMs = nextAnnouncementMs(nowMs - this.#announcingSinceMs);
    this.#timer = clock.after(delayMs, () => this.#announce());
  }
}

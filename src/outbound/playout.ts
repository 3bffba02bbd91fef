/**
 * What one call hears: the greeting, then the replies, in order, as encoded frames that are taken at
 * the pace of the line. Knows what was really played, and when there is too much, and nothing left.
 */
import type { Clock } from "../core/clock.ts";
import { PlayedSpans, type PlayedReport, type PlayoutSource } from "./played-spans.ts";

/** Makes frames of samples; one for each call, at the rate, codec and frame length of its line. */
export interface PlayoutEncoder {
  /** Takes all samples, -1..1, and copies what it must keep. A rate that differs is a new one from here on. */
  write(samples: Float32Array, rateHz: number): void;
  /** Nothing follows for now: what is left of a frame is filled up with silence, so that it is played. */
  finish(): void;
  /** One frame, valid until the next call; undefined when there is none. */
  next(): Uint8Array | undefined;
  /** Forgets what waits; a fade of at most one frame may remain. */
  flush(): void;
  /** Sound that was written and not taken yet. */
  readonly pendingMs: number;
}

/** A recording that each caller hears first. */
export interface Greeting {
  readonly samples: Float32Array;
  readonly rateHz: number;
}

export interface PlayoutListener {
  /** More waits than may: replies should pause until `room`. What still comes is taken. */
  full(): void;
  room(): void;
  /** All that there was to play has been played, and no more of a reply is coming for now. */
  drained(): void;
  /** A greeting or a reply is over. */
  played(report: PlayedReport): void;
}

export interface PlayoutOptions {
  readonly encoder: PlayoutEncoder;
  readonly listener: PlayoutListener;
  readonly clock: Clock;
  readonly greeting?: Greeting | undefined;
  /** Sound that may wait, 30 s unless given. */
  readonly limitMs?: number | undefined;
}

export interface PlayoutStatus {
  readonly pendingMs: number;
  readonly playedMs: number;
  /** Sound that came for a reply after the caller had interrupted it. */
  readonly discardedMs: number;
  readonly interruptions: number;
  /** Times that a reply came too slowly, so that silence had to be played within it. */
  readonly underruns: number;
}

const defaultLimitMs = 30_000;
/** Full at the limit, room again at this share of it. */
const roomShare = 0.75;
/** The greeting is encoded as it is played, since each call would hold a copy of its own. */
const greetingAheadMs = 100;
const greetingPieceMs = 40;
/** When nobody tells that the caller is silent again, a reply is not held back for longer. */
const discardLimitMs = 10_000;
/** A reply that gives nothing for this long has been said, whether its stream is ended or not. */
const quietAfterMs = 500;

interface HeldSamples {
  readonly samples: Float32Array;
  readonly rateHz: number;
}

export class Playout {
  readonly #options: PlayoutOptions;
  readonly #spans: PlayedSpans;
  readonly #limitMs: number;
  #greeting: Greeting | undefined;
  #greetingAt = 0;
  /** Replies that came during the greeting; bounded, since `full` was said before. */
  #held: HeldSamples[] = [];
  #isInReply = false;
  #isFull = false;
  #isPlaying = false;
  /** Within a reply: since when there is nothing to play, and whether it counts as said. */
  #starvingSinceMs: number | undefined;
  #isSaid = false;
  #isOnHold = false;
  #isMuted = false;
  #isDiscarding = false;
  #interruptedAtMs = 0;
  #discardedMs = 0;
  #interruptions = 0;
  #underruns = 0;

  constructor(options: PlayoutOptions) {
    this.#options = options;
    this.#limitMs = options.limitMs ?? defaultLimitMs;
    this.#spans = new PlayedSpans((report) => options.listener.played(report));
    this.#greeting = options.greeting;
    if (this.#greeting === undefined) return;
    this.#isPlaying = true;
    this.#isFull = true;
    this.#spans.begin("greeting");
  }

  /** True from the start when there is a greeting: replies wait until it has been played. */
  get isFull(): boolean {
    return this.#isFull;
  }

  status(): PlayoutStatus {
    return {
      pendingMs: Math.round(this.#options.encoder.pendingMs),
      playedMs: Math.round(this.#spans.playedMs(this.#options.encoder.pendingMs)),
      discardedMs: Math.round(this.#discardedMs),
      interruptions: this.#interruptions,
      underruns: this.#underruns,
    };
  }

  /** A reply begins; what follows is played, whatever was interrupted before. */
  beginReply(): void {
    this.#isInReply = true;
    this.#isSaid = false;
    this.#starvingSinceMs = undefined;
    this.#isDiscarding = false;
    if (this.#greeting === undefined) this.#spans.begin("reply");
  }

  write(samples: Float32Array, rateHz: number): void {
    if (this.#isDiscarded()) {
      this.#discardedMs += (samples.length * 1000) / rateHz;
      return;
    }
    if (this.#greeting !== undefined) {
      this.#held.push({ samples: samples.slice(), rateHz });
      return;
    }
    this.#write(samples, rateHz);
    if (this.#options.encoder.pendingMs >= this.#limitMs) this.#setFull();
  }

  endReply(): void {
    if (!this.#isInReply) return;
    this.#isInReply = false;
    this.#isDiscarding = false;
    if (this.#greeting !== undefined) return;
    this.#options.encoder.finish();
    this.#spans.end();
  }

  /** The frame for this period; undefined when there is nothing to be heard. Valid until the next call. */
  next(): Uint8Array | undefined {
    if (this.#isOnHold) return undefined;
    this.#feedGreeting();
    const { encoder } = this.#options;
    const frame = encoder.next();
    this.#spans.advance(encoder.pendingMs);
    if (frame === undefined) this.#noteNothing();
    else this.#starvingSinceMs = undefined;
    if (this.#isFull && this.#greeting === undefined) this.#setRoom();
    return this.#isMuted ? undefined : frame;
  }

  /**
   * The caller talks: what waits is forgotten within one frame, the greeting too, and so is what
   * still comes of this reply, until `callerSilent` or the next reply.
   */
  interrupt(): void {
    const { encoder, clock } = this.#options;
    this.#interruptedAtMs = clock.nowMs();
    if (this.#isInReply) this.#isDiscarding = true;
    // Said twice for each time, and the second one finds nothing left.
    if (this.#spans.isEmpty) return;
    this.#interruptions += 1;
    this.#greeting = undefined;
    this.#held = [];
    this.#spans.interrupt(encoder.pendingMs);
    encoder.flush();
    if (this.#isFull) this.#setRoom();
  }

  /** The caller is silent again: what comes from now on is meant as an answer. */
  callerSilent(): void {
    this.#isDiscarding = false;
  }

  /** Nothing is played and nothing is lost: for a call on hold. */
  hold(isOn: boolean): void {
    this.#isOnHold = isOn;
  }

  /** Time goes on, but the caller hears nothing. */
  mute(isOn: boolean): void {
    this.#isMuted = isOn;
  }

  #isDiscarded(): boolean {
    if (!this.#isDiscarding) return false;
    const sinceMs = this.#options.clock.nowMs() - this.#interruptedAtMs;
    if (sinceMs >= discardLimitMs) this.#isDiscarding = false;
    return this.#isDiscarding;
  }

  #write(samples: Float32Array, rateHz: number): void {
    this.#isPlaying = true;
    if (this.#starvingSinceMs !== undefined && !this.#isSaid) this.#underruns += 1;
    this.#starvingSinceMs = undefined;
    this.#isSaid = false;
    this.#spans.add(this.#source(), (samples.length * 1000) / rateHz);
    this.#options.encoder.write(samples, rateHz);
  }

  #source(): PlayoutSource {
    return this.#greeting === undefined ? "reply" : "greeting";
  }

  #feedGreeting(): void {
    const { encoder } = this.#options;
    while (this.#greeting !== undefined && encoder.pendingMs < greetingAheadMs) {
      const { samples, rateHz } = this.#greeting;
      const end = this.#greetingAt + Math.ceil((rateHz * greetingPieceMs) / 1000);
      if (this.#greetingAt < samples.length) {
        this.#write(samples.subarray(this.#greetingAt, end), rateHz);
        this.#greetingAt = end;
      } else {
        this.#endGreeting();
      }
    }
  }

  #endGreeting(): void {
    const { encoder } = this.#options;
    encoder.finish();
    this.#spans.end();
    this.#greeting = undefined;
    const held = this.#held;
    this.#held = [];
    if (held.length > 0 || this.#isInReply) this.#spans.begin("reply");
    for (const { samples, rateHz } of held) this.#write(samples, rateHz);
    if (this.#isInReply || held.length === 0) return;
    encoder.finish();
    this.#spans.end();
  }

  #noteNothing(): void {
    if (!this.#isPlaying) return;
    if (this.#isInReply && !this.#isDiscarding && !this.#isSaid) {
      this.#starve();
      return;
    }
    this.#isPlaying = false;
    this.#options.listener.drained();
  }

  #starve(): void {
    const nowMs = this.#options.clock.nowMs();
    this.#starvingSinceMs ??= nowMs;
    if (nowMs - this.#starvingSinceMs < quietAfterMs) return;
    this.#isSaid = true;
    this.#options.encoder.finish();
    this.#spans.end();
  }

  #setFull(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#options.listener.full();
  }

  #setRoom(): void {
    if (this.#options.encoder.pendingMs > this.#limitMs * roomShare) return;
    this.#isFull = false;
    this.#options.listener.room();
  }
}

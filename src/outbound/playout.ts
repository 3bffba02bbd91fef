/**
 * What one call hears: the greeting, then the replies, in order, as encoded frames that are taken at
 * the pace of the line. Waits while the caller may have begun to talk, and knows what was really
 * played, when there is too much, and when nothing is left.
 */
import type { Clock } from "../core/clock.ts";
import { GreetingFeed } from "./greeting-feed.ts";
import { PlayedSpans, type PlayedReport, type PlayoutSource } from "./played-spans.ts";
import { PlayedStreams, type ReplyStream, type StreamReport } from "./played-streams.ts";
import { PlayoutPause } from "./playout-pause.ts";

/** Makes frames of samples; one for each call, at the rate, codec and frame length of its line. */
export interface PlayoutEncoder {
  /** Takes all samples, -1..1, and copies what it must keep. A rate that differs is a new one from here on. */
  write(samples: Float32Array, rateHz: number): void;
  /** Nothing follows for now: what is left of a frame is filled up with silence, so that it is played. */
  finish(): void;
  /** One frame, valid until the next call; undefined when there is none. */
  next(): Uint8Array | undefined;
  /**
   * A frame in which the sound that comes next fades out. Nothing of it is taken: the next frame fades
   * in at the same place. Undefined when nothing waits; valid until the next call.
   */
  fadeOut(): Uint8Array | undefined;
  /** Forgets what waits; a fade of at most one frame may remain. */
  flush(): void;
  /** Forgets what waits at once, since nothing is being heard. */
  clear(): void;
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
  /** A reply's first frame goes to the line, or the reply is over. */
  stream(report: StreamReport): void;
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
  /** Times that it waited since the caller might have begun to talk, and those that nobody ended. */
  readonly pauses: number;
  readonly expiredPauses: number;
  readonly pausedMs: number;
}

const defaultLimitMs = 30_000;
/** Full at the limit, room again at this share of it. */
const roomShare = 0.75;
/** The greeting is encoded as it is played, since each call would hold a copy of its own. */
const greetingAheadMs = 100;
/** When nobody tells that the caller is silent again, a reply is not held back for longer. */
const discardLimitMs = 10_000;
/** SILENCE comes by UDP and may overtake what was written of the interrupted reply before. */
const leftoverMs = 100;
/** A reply that gives nothing for this long has been said, whether its stream is ended or not. */
const quietAfterMs = 500;

export class Playout {
  readonly #options: PlayoutOptions;
  readonly #spans: PlayedSpans;
  readonly #streams: PlayedStreams;
  readonly #pause = new PlayoutPause();
  readonly #limitMs: number;
  #greeting: GreetingFeed | undefined;
  #isInReply = false;
  #isFull = false;
  #isPlaying = false;
  /** Within a reply: since when there is nothing to play, and whether it counts as said. */
  #starvingSinceMs: number | undefined;
  #isSaid = false;
  /** The last frame period had a frame. */
  #isSounding = false;
  #isOnHold = false;
  #isMuted = false;
  #isDiscarding = false;
  #discardLimitMs = discardLimitMs;
  #interruptedAtMs = Number.NEGATIVE_INFINITY;
  #discardedMs = 0;
  #interruptions = 0;
  #underruns = 0;

  constructor(options: PlayoutOptions) {
    this.#options = options;
    this.#limitMs = options.limitMs ?? defaultLimitMs;
    this.#spans = new PlayedSpans((report) => options.listener.played(report));
    this.#streams = new PlayedStreams((report) => options.listener.stream(report));
    if (options.greeting === undefined) return;
    this.#greeting = new GreetingFeed(options.greeting);
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
      pauses: this.#pause.pauses,
      expiredPauses: this.#pause.expired,
      pausedMs: Math.round(this.#pause.pausedMs),
    };
  }

  /** A reply begins; what follows is played, whatever was interrupted before. */
  beginReply(stream: ReplyStream): void {
    this.#streams.begin(stream);
    this.#isInReply = true;
    this.#isSaid = false;
    this.#starvingSinceMs = undefined;
    this.#isDiscarding = false;
    if (this.#greeting === undefined) this.#spans.begin("reply");
  }

  write(samples: Float32Array, rateHz: number): void {
    const ms = (samples.length * 1000) / rateHz;
    if (this.#isDiscarded()) {
      this.#discardedMs += ms;
      return;
    }
    this.#streams.add(samples.length, ms, this.#options.clock.nowMs());
    if (this.#greeting !== undefined) {
      this.#greeting.hold(samples, rateHz);
      return;
    }
    this.#write(samples, rateHz);
    if (this.#options.encoder.pendingMs >= this.#limitMs) this.#setFull();
  }

  endReply(): void {
    if (!this.#isInReply) return;
    this.#isInReply = false;
    this.#isDiscarding = false;
    this.#streams.end();
    if (this.#greeting !== undefined) return;
    this.#options.encoder.finish();
    this.#spans.end();
  }

  /** The frame for this period; undefined when there is nothing to be heard. Valid until the next call. */
  next(): Uint8Array | undefined {
    const { encoder, clock } = this.#options;
    const nowMs = clock.nowMs();
    this.#goOn(this.#pause.expire(nowMs));
    if (this.#isOnHold || this.#pause.isOn) return this.#stopSounding();
    this.#feedGreeting();
    const frame = encoder.next() ?? this.#remainder(nowMs);
    this.#spans.advance(encoder.pendingMs);
    this.#streams.advance(this.#waitingMs, nowMs);
    if (frame === undefined) this.#noteNothing(nowMs);
    if (this.#isFull && this.#greeting === undefined) this.#setRoom();
    this.#isSounding = frame !== undefined && !this.#isMuted;
    return this.#isMuted ? undefined : frame;
  }

  /**
   * The caller may have begun to talk: from the next frame on nothing is played, and nothing is lost,
   * until `resume`, `interrupt`, or 1.5 s later. Nor does a reply begin meanwhile.
   */
  pause(): void {
    this.#pause.begin(this.#options.clock.nowMs());
  }

  /** They had not: what was playing goes on where it stopped. */
  resume(): void {
    this.#goOn(this.#pause.end(this.#options.clock.nowMs()));
  }

  /**
   * The caller talks: what waits is forgotten within one frame, the greeting too, and so is what
   * still comes of this reply, until `callerSilent` or the next reply.
   */
  interrupt(): void {
    const { encoder, clock } = this.#options;
    this.#interruptedAtMs = clock.nowMs();
    this.#goOn(this.#pause.decide(this.#interruptedAtMs));
    this.#discardLimitMs = discardLimitMs;
    if (this.#isInReply) this.#isDiscarding = true;
    this.#streams.interrupt(this.#waitingMs);
    // Said twice for each time, and the second one finds nothing left.
    if (this.#spans.isEmpty) return;
    this.#interruptions += 1;
    this.#greeting = undefined;
    this.#spans.interrupt(encoder.pendingMs);
    if (this.#isSounding) encoder.flush();
    else encoder.clear();
    if (this.#isFull) this.#setRoom();
  }

  /** The call is over: of replies that the caller heard a part of, that part is told. */
  close(): void {
    if (this.#streams.hasPlayed) this.#streams.interrupt(this.#waitingMs);
  }

  /** The caller is silent again: what comes from now on is meant as an answer. */
  callerSilent(): void {
    this.#discardLimitMs = leftoverMs;
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
    if (sinceMs >= this.#discardLimitMs) this.#isDiscarding = false;
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

  /** Of greeting and replies. */
  get #waitingMs(): number {
    return this.#options.encoder.pendingMs + (this.#greeting?.heldMs ?? 0);
  }

  #feedGreeting(): void {
    const { encoder } = this.#options;
    while (this.#greeting !== undefined && encoder.pendingMs < greetingAheadMs) {
      const piece = this.#greeting.take();
      if (piece === undefined) this.#endGreeting(this.#greeting);
      else this.#write(piece.samples, piece.rateHz);
    }
  }

  #endGreeting({ held }: GreetingFeed): void {
    const { encoder } = this.#options;
    encoder.finish();
    this.#spans.end();
    this.#greeting = undefined;
    if (held.length > 0 || this.#isInReply) this.#spans.begin("reply");
    for (const { samples, rateHz } of held) this.#write(samples, rateHz);
    if (this.#isInReply || held.length === 0) return;
    encoder.finish();
    this.#spans.end();
  }

  /** Time in a pause is no lack of sound. */
  #goOn(pausedMs: number): void {
    if (this.#starvingSinceMs !== undefined) this.#starvingSinceMs += pausedMs;
  }

  /** The first frame period in which nothing may be played. */
  #stopSounding(): Uint8Array | undefined {
    const { encoder } = this.#options;
    const isFading = this.#isSounding && !this.#isOnHold && !this.#isMuted;
    this.#isSounding = false;
    return isFading ? encoder.fadeOut() : undefined;
  }

  /** Less than a frame is left of what sounds, and more would come too late to fill it. */
  #remainder(nowMs: number): Uint8Array | undefined {
    const { encoder } = this.#options;
    if (!this.#isInReply || !this.#isSounding || encoder.pendingMs === 0) return undefined;
    this.#starvingSinceMs = nowMs;
    encoder.finish();
    return encoder.next();
  }

  #noteNothing(nowMs: number): void {
    if (!this.#isPlaying) return;
    if (this.#isInReply && !this.#isDiscarding && !this.#isSaid) {
      this.#starve(nowMs);
      return;
    }
    this.#isPlaying = false;
    this.#options.listener.drained();
  }

  #starve(nowMs: number): void {
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

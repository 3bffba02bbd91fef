/** One call that is spoken to: its queue of clauses, and its way to outbound. */
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { CallId } from "../wire/call-id.ts";
import type { SpeechEngine } from "./engines/engine.ts";
import type { Interruption } from "./queued-clause.ts";
import { speakablePieces } from "./speakable-pieces.ts";
import type { LevelMemory } from "./speech-level.ts";
import { SpeechQueue, type SpeechQueueListener } from "./speech-queue.ts";
import { VoiceLink } from "./voice-link.ts";

/** What all calls of the service share. */
export interface VoiceCallShared {
  readonly engine: SpeechEngine;
  readonly levels: LevelMemory;
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  readonly language?: string | undefined;
  /** Address on which outbound finds the sound. */
  readonly bind: string;
  readonly announce: (callId: CallId) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface VoiceCallListener {
  /** The first sound of a clause left, so long after its text had come. */
  clauseBegan?(callId: CallId, turn: number, waitedMs: number): void;
  /** The caller spoke over the reply, or before it. */
  interrupted?(callId: CallId, interruption: Interruption): void;
  /** All was said, and by the pace of speech has been heard. */
  drained?(callId: CallId): void;
}

/** 24 kHz, as outbound knows it from every voice. */
const replyRateHz = 24_000;

/** When nobody tells that the caller is silent again, replies are not held back for longer. */
const callerLimitMs = 10_000;

export class VoiceCall {
  readonly callId: CallId;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #listener: VoiceCallListener;
  readonly #link: VoiceLink;
  readonly #queue: SpeechQueue;
  #callerTimer: Timer | undefined;
  #late = 0;

  /** Throws a WildfireError("socket") when the call's port is taken. */
  constructor(callId: CallId, shared: VoiceCallShared, listener: VoiceCallListener) {
    this.callId = callId;
    this.#clock = shared.clock;
    this.#log = shared.log.child({ call: callId.text });
    this.#listener = listener;
    const { bind, clock, engine, levels, voice, speed, language } = shared;
    this.#link = new VoiceLink({
      callId,
      bind,
      rateHz: replyRateHz,
      announce: () => shared.announce(callId),
      onRoom: () => this.#queue.room(),
      clock,
      log: this.#log,
    });
    this.#queue = new SpeechQueue({
      engine,
      output: this.#link,
      listener: this.#queueListener(),
      clock,
      levels,
      voice,
      speed,
      language,
      rateHz: replyRateHz,
    });
  }

  status(): Record<string, unknown> {
    return {
      call: this.callId.text,
      link: this.#link.status(),
      queue: this.#queue.status(),
      callerSpeaks: this.#callerTimer !== undefined,
      late: this.#late,
    };
  }

  /** What comes while the caller speaks was made before the LLaMA knew of it. */
  say(text: string): void {
    if (this.#callerTimer !== undefined) {
      this.#late += 1;
      this.#log.debug("text dropped: the caller is speaking");
      return;
    }
    const { pieces, dropped } = speakablePieces(text);
    let refused = dropped > 0 ? 1 : 0;
    for (const piece of pieces) {
      if (this.#queue.say(piece) === "full") refused += 1;
    }
    if (refused > 0)
      this.#log.warn("a text is too long to be spoken whole", { characters: text.length });
  }

  /** SPEECH, which is told twice for each time. */
  callerSpeaks(): void {
    this.#callerTimer?.cancel();
    this.#callerTimer = this.#clock.after(callerLimitMs, () => this.callerSilent());
    const interruption = this.#queue.interrupt();
    this.#link.endStream();
    if (!interruption.wasSpeaking) return;
    this.#log.info("the caller interrupted", {
      turn: interruption.turn,
      clauses: interruption.clauses.length,
      handedOn: interruption.clauses.filter(({ samples }) => samples > 0).length,
    });
    this.#listener.interrupted?.(this.callId, interruption);
  }

  callerSilent(): void {
    this.#callerTimer?.cancel();
    this.#callerTimer = undefined;
  }

  /** Outbound is there: see `VoiceLink.hurry`. */
  outboundIsReady(): void {
    this.#link.hurry();
  }

  close(): void {
    this.callerSilent();
    this.#queue.close();
    this.#link.close();
  }

  #queueListener(): SpeechQueueListener {
    return {
      clauseBegan: (turn, waitedMs) => {
        this.#log.debug("clause begins", { turn, waitedMs: Math.round(waitedMs) });
        this.#listener.clauseBegan?.(this.callId, turn, waitedMs);
      },
      clauseFailed: (turn, reason) => this.#log.warn("a clause is not spoken", { turn, reason }),
      drained: () => {
        this.#link.endStream();
        this.#listener.drained?.(this.callId);
      },
    };
  }
}

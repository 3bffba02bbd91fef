/** One call that is spoken to: its queue of clauses, its way to outbound, and what was heard of it. */
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { CallId } from "../wire/call-id.ts";
import type { ReportValues } from "../wire/reports.ts";
import { CallerTurn } from "./caller-turn.ts";
import type { SpeechEngine } from "./engines/engine.ts";
import { HeardTexts, type HeardValues } from "./heard-texts.ts";
import { type CallText, LateTexts } from "./late-texts.ts";
import { speakablePieces } from "./speakable-pieces.ts";
import type { LevelMemory } from "./speech-level.ts";
import {
  type PieceOrigin,
  type SpeechManner,
  SpeechQueue,
  type SpeechQueueListener,
} from "./speech-queue.ts";
import { ToldText } from "./told-text.ts";
import type { VoiceEvent } from "./voice-events.ts";
import { VoiceLink } from "./voice-link.ts";

/** What all calls of the service share. */
export interface VoiceCallShared {
  readonly engine: SpeechEngine;
  readonly levels: LevelMemory;
  /** Asked for each clause: it may change. */
  readonly manner?: (() => SpeechManner) | undefined;
  /** Address on which outbound finds the sound. */
  readonly bind: string;
  readonly announce: (callId: CallId) => void;
  /** Tells outbound, whose copy of the signal may not come from elsewhere. */
  readonly relay: (kind: "speech" | "silence", callId: CallId) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface VoiceCallListener {
  /** For the LLaMA that this call's texts come from. */
  heard(heard: HeardValues): void;
  event(event: VoiceEvent): void;
}

/** 24 kHz, as outbound knows it from every voice. */
const replyRateHz = 24_000;

/** SPEECH by UDP must be read before sound that was sent behind it by TCP. */
const flushMs = 20;

export class VoiceCall {
  readonly callId: CallId;
  readonly #shared: VoiceCallShared;
  readonly #listener: VoiceCallListener;
  readonly #log: Logger;
  readonly #link: VoiceLink;
  readonly #queue: SpeechQueue;
  readonly #heard: HeardTexts;
  readonly #late: LateTexts;
  readonly #turn: CallerTurn;
  /** Outbound is being flushed as long as it runs. */
  #flushing: Timer | undefined;
  #lateTexts = 0;
  /** A LLaMA may be connected for an id long before there is a call. */
  #hasBegun = false;

  /** Throws a WildfireError("socket") when the call's port is taken. */
  constructor(callId: CallId, shared: VoiceCallShared, listener: VoiceCallListener) {
    this.callId = callId;
    this.#shared = shared;
    this.#log = shared.log.child({ call: callId.text });
    this.#listener = listener;
    const { bind, clock, engine, levels, manner } = shared;
    this.#turn = new CallerTurn(clock, () => this.#silent());
    this.#late = new LateTexts(clock, (text) => this.#drop(text));
    this.#heard = new HeardTexts({
      rateHz: replyRateHz,
      clock,
      onHeard: (heard) => this.#tellHeard(heard),
    });
    this.#link = new VoiceLink({
      callId,
      bind,
      rateHz: replyRateHz,
      announce: () => shared.announce(callId),
      onRoom: () => this.#queue.room(),
      onLost: () => this.#heard.outboundLost(),
      clock,
      log: this.#log,
    });
    this.#queue = new SpeechQueue({
      engine,
      output: this.#output(),
      listener: this.#queueListener(),
      clock,
      levels,
      manner,
      rateHz: replyRateHz,
    });
  }

  status(): Record<string, unknown> {
    return {
      call: this.callId.text,
      link: this.#link.status(),
      queue: this.#queue.status(),
      heard: this.#heard.status(),
      callerSpeaks: this.#turn.isSpeaking,
      late: this.#lateTexts,
    };
  }

  /** `number`: the LLaMA's, from 1 on its connection. */
  say(number: number, text: string): void {
    if (!this.#hasBegun) this.#listener.event({ kind: "began" });
    this.#hasBegun = true;
    this.#listener.event({ kind: "text", number, characters: text.length, text });
    const speakable = speakablePieces(text);
    if (speakable.dropped > 0) this.#warnTooLong(text.length);
    const cameAtMs = this.#shared.clock.nowMs();
    const callText = { number, speakable, cameAtMs };
    if (this.#turn.isSpeaking) this.#late.hold(callText);
    else this.#speak(callText);
  }

  /** Texts come by another connection now, and are counted anew. */
  llamaConnected(): void {
    this.#late.close();
    this.#heard.mute();
  }

  /** SPEECH, which is told twice for each time. */
  callerSpeaks(): void {
    const isFirst = !this.#turn.isSpeaking;
    if (!this.#turn.speaks()) return;
    this.#late.callerSpeaks();
    const { wasSpeaking, unheardMs, turn } = this.#queue.interrupt();
    const heard = this.#heard.interrupt();
    this.#link.endStream();
    if (isFirst) {
      this.#shared.relay("speech", this.callId);
      this.#flush();
    }
    if (!wasSpeaking) return;
    this.#log.info("the caller interrupted", { turn, text: heard?.text.number });
    this.#listener.event({
      kind: "interrupted",
      unheardMs: Math.round(unheardMs),
      number: heard?.text.number,
      heard: heard === undefined ? "" : heard.text.until(heard.samples),
    });
  }

  callerSilent(): void {
    if (this.#turn.silent()) this.#silent();
  }

  /** PLAYED of outbound. */
  played(report: ReportValues<"played">): void {
    this.#heard.played(report);
  }

  /** Outbound is there: see `VoiceLink.hurry`. */
  outboundIsReady(): void {
    this.#link.hurry();
  }

  close(): void {
    this.#turn.silent();
    this.#late.close();
    this.#flushing?.cancel();
    this.#queue.close();
    this.#heard.close();
    this.#link.close();
    if (this.#hasBegun) this.#listener.event({ kind: "ended" });
  }

  #silent(): void {
    this.#shared.relay("silence", this.callId);
    for (const text of this.#late.release()) this.#speak(text);
  }

  #speak(callText: CallText): void {
    this.#late.note(callText);
    const told = this.#tell(callText);
    let refused = 0;
    for (const piece of callText.speakable.pieces) {
      if (this.#queue.say(piece, told) === "full") refused += 1;
    }
    if (refused > 0) this.#warnTooLong(told.spoken.length);
    told.finish();
    this.#heard.settle();
  }

  #drop(callText: CallText): void {
    this.#lateTexts += 1;
    this.#log.debug("text dropped: the caller is speaking");
    this.#listener.event({ kind: "late", number: callText.number });
    this.#tell(callText).finish();
    this.#heard.settle();
  }

  #tell({ number, speakable, cameAtMs }: CallText): ToldText {
    const told = new ToldText(number, speakable.pieces.join(" "), cameAtMs);
    this.#heard.add(told);
    return told;
  }

  #warnTooLong(characters: number): void {
    this.#log.warn("a text is too long to be spoken whole", { characters });
  }

  #flush(): void {
    this.#flushing?.cancel();
    this.#flushing = this.#shared.clock.after(flushMs, () => {
      this.#flushing = undefined;
      this.#queue.room();
    });
  }

  #output() {
    const hasRoom = (): boolean => this.#flushing === undefined && this.#link.hasRoom;
    return {
      get hasRoom() {
        return hasRoom();
      },
      write: (samples: Float32Array, from: PieceOrigin) => this.#write(samples, from),
    };
  }

  #write(samples: Float32Array, { clause, speechSamples }: PieceOrigin): void {
    if (!this.#link.write(samples)) return;
    const { stream } = this.#link;
    const pauseSamples = samples.length - speechSamples;
    const text = clause?.told;
    const isFirst = this.#heard.handedOn({ text, stream, samples: speechSamples });
    this.#heard.handedOn({ text: undefined, stream, samples: pauseSamples });
    if (!isFirst || text === undefined) return;
    const { number, voiceMs = 0 } = text;
    this.#listener.event({
      kind: "speaking",
      number,
      voiceMs: Math.round(voiceMs),
      engine: clause?.engine ?? "",
    });
  }

  #tellHeard(heard: HeardValues): void {
    this.#listener.heard(heard);
    const { text: number, samples, of, voice: voiceMs, wait: waitMs } = heard;
    this.#listener.event({ kind: "heard", number, samples, of, voiceMs, waitMs });
  }

  #queueListener(): SpeechQueueListener {
    return {
      clauseBegan: (turn, waitedMs) =>
        this.#log.debug("clause begins", { turn, waitedMs: Math.round(waitedMs) }),
      clauseFailed: (turn, reason) => this.#log.warn("a clause is not spoken", { turn, reason }),
      clauseEnded: () => this.#heard.settle(),
      drained: () => {
        this.#link.endStream();
        this.#listener.event({ kind: "drained" });
      },
    };
  }
}

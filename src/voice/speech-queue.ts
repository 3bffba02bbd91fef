/**
 * What one call is told, clause by clause: spoken ahead of need, evened in loudness, handed on at the
 * pace of speech, and forgotten at once when the caller interrupts.
 */
import type { Clock, Timer } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { pauseAfterMs } from "./clause-pause.ts";
import { ClauseSynthesis } from "./clause-synthesis.ts";
import type { SpeechEngine } from "./engines/engine.ts";
import { type Interruption, QueuedClause } from "./queued-clause.ts";
import type { LevelMemory } from "./speech-level.ts";
import { SpeechShaper } from "./speech-shaper.ts";
import type { ToldText } from "./told-text.ts";

/** Where the sound goes: the connection to outbound. */
export interface SpeechOutput {
  /** False: nothing may be written until `room` of the queue is called. */
  readonly hasRoom: boolean;
  /**
   * 20 to 200 ms of sound; a view that is valid during the call only. The first `speechSamples` of them
   * are of the clause, the rest is a pause.
   */
  write(samples: Float32Array, from: PieceOrigin): void;
}

export interface PieceOrigin {
  /** Undefined for a pause. */
  readonly clause: QueuedClause | undefined;
  readonly speechSamples: number;
}

export interface SpeechQueueListener {
  /** The first sound of a clause was handed on, so long after the clause had come. */
  clauseBegan(turn: number, waitedMs: number): void;
  /** A clause is not, or not wholly, spoken. */
  clauseFailed(turn: number, reason: string): void;
  /** All that there is of a clause was handed on. */
  clauseEnded(clause: QueuedClause): void;
  /** All was said, and by the pace of speech has been heard. */
  drained(): void;
}

/** How a clause is to be spoken, as `SpeechRequest` has it. */
export interface SpeechManner {
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  readonly language?: string | undefined;
}

export interface SpeechQueueOptions {
  readonly engine: SpeechEngine;
  readonly output: SpeechOutput;
  readonly listener: SpeechQueueListener;
  readonly clock: Clock;
  readonly levels: LevelMemory;
  /** Asked for each clause: it may change. */
  readonly manner?: (() => SpeechManner) | undefined;
  /** Of all that is written. */
  readonly rateHz: number;
  /** Sound that may be synthesised and not handed on; the clause that passes it is finished. */
  readonly aheadMs?: number | undefined;
  /** Sound that may be handed on before it is due: what a stalled process does not interrupt. */
  readonly leadMs?: number | undefined;
}

export type SayOutcome = "queued" | "full" | "closed";

export interface SpeechQueueStatus {
  readonly turn: number;
  readonly waiting: number;
  readonly clauses: number;
  readonly failed: number;
  readonly dropped: number;
  readonly interruptions: number;
  readonly samples: number;
}

const defaultAheadMs = 8000;
const defaultLeadMs = 1000;
const maxWaitingCharacters = 20_000;
const maxWaitingClauses = 400;
const maxAttempts = 2;
const pieceMs = 100;
const leastPieceMs = 20;
/** Within this time of silence the first sound of a clause is expected. */
const firstSoundMs = 700;
/** As long before its turn, the sound of a later clause is expected. */
const marginMs = 300;

interface Piece {
  readonly samples: Float32Array;
  readonly clause?: QueuedClause;
  readonly speechSamples?: number;
}

export class SpeechQueue {
  readonly #options: SpeechQueueOptions;
  readonly #shaper: SpeechShaper;
  readonly #piece: number;
  readonly #leastPiece: number;
  readonly #counts = { clauses: 0, failed: 0, dropped: 0, interruptions: 0, samples: 0 };
  #turn = 1;
  /** The one that is being delivered first. */
  #clauses: QueuedClause[] = [];
  #waitingCharacters = 0;
  #synthesis: ClauseSynthesis | undefined;
  /** Silence still to come before the first clause, in samples; undefined until that is reached. */
  #pause: number | undefined;
  /** When all that was handed on has been heard. */
  #heardAtMs = 0;
  #lastText: string | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: SpeechQueueOptions) {
    this.#options = options;
    this.#shaper = new SpeechShaper(options.rateHz);
    this.#piece = Math.round((options.rateHz * pieceMs) / 1000);
    this.#leastPiece = Math.round((options.rateHz * leastPieceMs) / 1000);
    this.#heardAtMs = options.clock.nowMs();
  }

  /** What is said now belongs to this turn, which rises with each interruption. */
  get turn(): number {
    return this.#turn;
  }

  get isIdle(): boolean {
    return this.#clauses.length === 0;
  }

  status(): SpeechQueueStatus {
    return { turn: this.#turn, waiting: this.#clauses.length, ...this.#counts };
  }

  /** `told`: the text that this is a part of. */
  say(text: string, told?: ToldText): SayOutcome {
    if (this.#isClosed) return "closed";
    const isFull =
      this.#clauses.length >= maxWaitingClauses ||
      this.#waitingCharacters + text.length > maxWaitingCharacters;
    if (isFull) {
      this.#counts.dropped += 1;
      return "full";
    }
    this.#counts.clauses += 1;
    this.#waitingCharacters += text.length;
    const { rateHz, clock } = this.#options;
    this.#clauses.push(new QueuedClause({ text, told, rateHz, queuedAtMs: clock.nowMs() }));
    this.#synthesise();
    this.#deliver();
    return "queued";
  }

  /** At once and for good: nothing of what was said before is handed on any more. */
  interrupt(): Interruption {
    const turn = this.#turn;
    const unheardMs = Math.max(0, this.#heardAtMs - this.#options.clock.nowMs());
    const wasSpeaking = !this.isIdle || unheardMs > 0;
    if (wasSpeaking) this.#counts.interruptions += 1;
    this.#turn += 1;
    this.#forget();
    return { turn, wasSpeaking, unheardMs };
  }

  /** The output has room again. */
  room(): void {
    this.#deliver();
  }

  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  #forget(): void {
    this.#synthesis?.abort();
    this.#synthesis = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#clauses = [];
    this.#waitingCharacters = 0;
    this.#pause = undefined;
    this.#lastText = undefined;
    this.#heardAtMs = this.#options.clock.nowMs();
    this.#shaper.reset();
  }

  #synthesise(): void {
    if (
      this.#synthesis !== undefined ||
      this.#aheadMs() >= (this.#options.aheadMs ?? defaultAheadMs)
    ) {
      return;
    }
    const clause = this.#clauses.find(({ audio }) => !audio.isFinished);
    if (clause === undefined) return;
    const { engine, rateHz, clock, manner } = this.#options;
    const { voice, speed, language } = manner?.() ?? {};
    clause.attempts += 1;
    const synthesis = new ClauseSynthesis({
      engine,
      request: { text: clause.text, voice, speed, language, patienceMs: this.#patienceMs() },
      audio: clause.audio,
      onEngine: (name) => void (clause.engine = name),
      rateHz,
      clock,
      onSamples: () => this.#deliver(),
      onEnd: (error) => this.#synthesised(clause, error),
    });
    this.#synthesis = synthesis;
    synthesis.start();
  }

  /** As long as there is sound, nobody waits for more of it. */
  #patienceMs(): number {
    const unheardMs = this.#heardAtMs - this.#options.clock.nowMs();
    return Math.max(firstSoundMs, unheardMs + this.#aheadMs() - marginMs);
  }

  #aheadMs(): number {
    const samples = this.#clauses.reduce(
      (sum, { audio }) => sum + audio.length - audio.readSamples,
      0,
    );
    return (samples * 1000) / this.#options.rateHz;
  }

  #synthesised(clause: QueuedClause, error: unknown): void {
    this.#synthesis = undefined;
    const mayRetry = error !== undefined && !clause.hasBegun && clause.attempts < maxAttempts;
    if (mayRetry) {
      clause.audio.clear();
    } else {
      clause.audio.finish();
      this.#options.levels.learn(clause.audio.meter);
    }
    if (error !== undefined && !mayRetry) {
      this.#counts.failed += 1;
      this.#options.listener.clauseFailed(this.#turn, describeError(error));
    }
    this.#synthesise();
    this.#deliver();
  }

  /** Hands on what may be handed on now, and comes back when more may be. */
  #deliver(): void {
    const { output, clock } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    const leadMs = this.#options.leadMs ?? defaultLeadMs;
    while (output.hasRoom && this.#heardAtMs - clock.nowMs() < leadMs) {
      const piece = this.#nextPiece();
      if (piece === undefined) break;
      this.#handOn(piece);
    }
    this.#synthesise();
    if (this.#isClosed) return;
    const aheadMs = this.#heardAtMs - clock.nowMs();
    if (this.isIdle) this.#awaitEnd(aheadMs);
    else if (aheadMs >= leadMs) this.#comeBackIn(aheadMs - leadMs + pieceMs / 2);
  }

  #comeBackIn(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => this.#deliver());
  }

  #awaitEnd(aheadMs: number): void {
    if (this.#lastText === undefined) return;
    if (aheadMs > 0) {
      this.#comeBackIn(aheadMs);
      return;
    }
    this.#lastText = undefined;
    this.#shaper.reset();
    this.#options.listener.drained();
  }

  /** Undefined when there is nothing to be handed on for now. */
  #nextPiece(): Piece | undefined {
    const clause = this.#clauses[0];
    if (clause === undefined) return undefined;
    if (clause.audio.isExhausted) {
      this.#clauseDone(clause);
      if (!clause.hasBegun) return this.#nextPiece();
      return { samples: this.#shaper.silence(this.#leastPiece) };
    }
    if (clause.audio.available < this.#leastPiece && !clause.audio.isFinished) return undefined;
    this.#pause ??= clause.hasBegun ? 0 : this.#pauseNow();
    if (this.#pause >= this.#leastPiece) return this.#nextPause(this.#pause);
    if (!clause.hasBegun) this.#begin(clause);
    const before = clause.audio.readSamples;
    const samples = this.#shaper.speak(clause.audio, {
      samples: this.#piece,
      leastSamples: this.#leastPiece,
      gainDb: this.#options.levels.gainDb(clause.audio.meter),
    });
    return { samples, clause, speechSamples: clause.audio.readSamples - before };
  }

  #nextPause(pause: number): Piece {
    const samples = pause - this.#piece < this.#leastPiece ? pause : this.#piece;
    this.#pause = pause - samples;
    return { samples: this.#shaper.silence(samples) };
  }

  #begin(clause: QueuedClause): void {
    clause.hasBegun = true;
    this.#shaper.beginClause();
    const waitedMs = this.#options.clock.nowMs() - clause.queuedAtMs;
    this.#options.listener.clauseBegan(this.#turn, waitedMs);
  }

  #clauseDone(clause: QueuedClause): void {
    this.#clauses.shift();
    this.#waitingCharacters -= clause.text.length;
    if (clause.hasBegun) this.#lastText = clause.text;
    this.#pause = undefined;
    clause.told?.endPart(clause);
    this.#options.listener.clauseEnded(clause);
  }

  /** Silence that has gone by already, since the clause came late, is part of the pause. */
  #pauseNow(): number {
    if (this.#lastText === undefined) return 0;
    const { clock, rateHz } = this.#options;
    const goneMs = Math.max(0, clock.nowMs() - this.#heardAtMs) + leastPieceMs;
    return Math.round((Math.max(0, pauseAfterMs(this.#lastText) - goneMs) * rateHz) / 1000);
  }

  #handOn({ samples, clause, speechSamples = 0 }: Piece): void {
    const { output, clock, rateHz } = this.#options;
    this.#counts.samples += samples.length;
    const lengthMs = (samples.length * 1000) / rateHz;
    this.#heardAtMs = Math.max(this.#heardAtMs, clock.nowMs()) + lengthMs;
    output.write(samples, { clause, speechSamples });
  }
}

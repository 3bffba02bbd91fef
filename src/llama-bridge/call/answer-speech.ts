/** Has the words of a call's turns spoken: cut into clauses, and handed to the voice one by one. */
import type { Clock, Timer } from "../../core/clock.ts";
import { ClauseCutter } from "../speakable/clause-cutter.ts";
import type { SpeechSink } from "../conversation/turn-options.ts";
import type { Playback } from "./playback.ts";
import type { GivenClause } from "./spoken-ledger.ts";

/** The way to the voice of one call. */
export interface VoicePath {
  /** `written` is told with the number of the text on its connection. */
  say(text: string, written: (number: number) => void): void;
  /** What waits on this side is void. */
  forget(): void;
  /** The voice is to forget what it has: nobody else has told it so. */
  hush(): void;
}

export interface AnswerSpeechOptions {
  readonly path: VoicePath;
  readonly playback: Playback;
  /** ISO 639-1: how numbers and abbreviations are read. */
  readonly language: string;
  /** Each clause as it leaves. */
  readonly given?: ((turn: number, clause: GivenClause) => void) | undefined;
  readonly clock: Clock;
}

/** A model that pauses for so long has what it said so far spoken, as far as that makes sense alone. */
const overdueMs = 400;

export class AnswerSpeech implements SpeechSink {
  readonly #options: AnswerSpeechOptions;
  #turn: number | undefined;
  #cutter: ClauseCutter;
  #overdue: Timer | undefined;

  constructor(options: AnswerSpeechOptions) {
    this.#options = options;
    this.#cutter = new ClauseCutter({ language: options.language });
  }

  speak(text: string, turn: number): void {
    if (turn !== this.#turn) this.#begin(turn);
    for (const clause of this.#cutter.push(text)) this.#give(turn, clause);
    this.#watch(turn);
  }

  finish(turn: number): void {
    this.#overdue?.cancel();
    if (turn !== this.#turn) this.#begin(turn);
    for (const clause of this.#cutter.end()) this.#give(turn, clause);
    this.#turn = undefined;
    this.#options.playback.finish(turn);
  }

  cancel(_turn: number, isTold: boolean): void {
    const { path, playback } = this.#options;
    this.#overdue?.cancel();
    this.#turn = undefined;
    path.forget();
    if (!isTold) path.hush();
    playback.cancel();
  }

  close(): void {
    this.#overdue?.cancel();
  }

  #begin(turn: number): void {
    // Words of an earlier turn that still wait for a voice which is away come too late now.
    this.#options.path.forget();
    this.#turn = turn;
    this.#cutter = new ClauseCutter({ language: this.#options.language });
  }

  #give(turn: number, clause: GivenClause): void {
    const { path, playback, given } = this.#options;
    given?.(turn, clause);
    path.say(clause.text, playback.give(turn, clause));
  }

  #watch(turn: number): void {
    this.#overdue?.cancel();
    this.#overdue = this.#options.clock.after(overdueMs, () => {
      for (const clause of this.#cutter.overdue()) this.#give(turn, clause);
    });
  }
}

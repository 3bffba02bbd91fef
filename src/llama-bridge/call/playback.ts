/** Follows what a caller hears of the agent's words, and tells when all of a turn has been heard. */
import type { Clock, Timer } from "../../core/clock.ts";
import { type GivenClause, type Heard, type HeardSamples, SpokenLedger } from "./spoken-ledger.ts";

export interface PlaybackOptions {
  /** Characters are counted over all that was said in the turn. */
  readonly played: (heard: Heard) => void;
  readonly clock: Clock;
}

export class Playback {
  readonly #options: PlaybackOptions;
  readonly #ledger = new SpokenLedger();
  #turn: number | undefined;
  /** All of the turn's words have been given. */
  #isComplete = false;
  #isVoid = false;
  /** What was told last is not told again. */
  #told: Heard | undefined;
  #timer: Timer | undefined;

  constructor(options: PlaybackOptions) {
    this.#options = options;
  }

  /** Returns what is to be called when the text was written to the voice, with its number. */
  give(turn: number, clause: GivenClause): (number: number) => void {
    if (turn !== this.#turn) this.#begin(turn);
    const written = this.#ledger.give(turn, clause);
    return (number) => {
      written(number, this.#options.clock.nowMs());
      if (turn === this.#turn && this.#isComplete) this.#expectEnd();
    };
  }

  /** Nothing follows in this turn. */
  finish(turn: number): void {
    if (turn !== this.#turn) this.#begin(turn);
    this.#isComplete = true;
    if (this.#ledger.heard(turn).isAll) this.#tell(this.#ledger.heard(turn));
    else this.#expectEnd();
  }

  /** What was given is void; what was heard of it may still be told. */
  cancel(): void {
    this.#isComplete = false;
    this.#isVoid = true;
    this.#timer?.cancel();
  }

  /** To which turn the text of that number belongs. */
  turnOf(text: number): number | undefined {
    return this.#ledger.turnOf(text);
  }

  /** The voice told what was heard of a text. */
  report(report: HeardSamples): void {
    const heard = this.#ledger.report(report);
    if (heard !== undefined) this.#tell(heard);
  }

  /** Tells what must have been heard by now: before it is decided what becomes of the rest. */
  refresh(): void {
    if (this.#turn === undefined || this.#isVoid) return;
    const { clock } = this.#options;
    const heard = this.#ledger.hasReports
      ? this.#ledger.heard(this.#turn)
      : this.#ledger.estimate(this.#turn, clock.nowMs());
    this.#tell(heard);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #begin(turn: number): void {
    this.#turn = turn;
    this.#isComplete = false;
    this.#isVoid = false;
    this.#timer?.cancel();
    // One turn back, since the voice may still tell how it was interrupted.
    this.#ledger.forgetBefore(turn - 1);
  }

  #expectEnd(): void {
    const { clock } = this.#options;
    const turn = this.#turn ?? 0;
    this.#timer?.cancel();
    const endMs = this.#ledger.expectedEndMs(turn);
    // Some of it was not even written: the voice is away.
    if (!Number.isFinite(endMs)) return;
    this.#timer = clock.after(Math.max(0, endMs - clock.nowMs()), () => {
      if (turn !== this.#turn || this.#ledger.hasReports) return;
      // Timers may be early by a fraction of a millisecond, and this one comes only once.
      this.#tell(this.#ledger.estimate(turn, Math.max(endMs, clock.nowMs())));
    });
  }

  #tell({ turn, characters, isAll }: Heard): void {
    const isOver = isAll && (turn !== this.#turn || this.#isComplete);
    if (isOver && turn === this.#turn) this.#timer?.cancel();
    const heard = { turn, characters, isAll: isOver };
    if (isSame(heard, this.#told)) return;
    this.#told = heard;
    this.#options.played(heard);
  }
}

function isSame(heard: Heard, told: Heard | undefined): boolean {
  const { turn, characters, isAll } = heard;
  return told?.turn === turn && told.characters === characters && told.isAll === isAll;
}

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
  #timer: Timer | undefined;

  constructor(options: PlaybackOptions) {
    this.#options = options;
  }

  /** Returns what is to be called when the text was written to the voice, with its number. */
  give(turn: number, clause: GivenClause): (number: number) => void {
    if (turn !== this.#turn) this.#begin(turn);
    return this.#ledger.give(turn, clause, this.#options.clock.nowMs());
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
    if (this.#turn === undefined) return;
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
    this.#timer?.cancel();
    // One turn back, since the voice may still tell how it was interrupted.
    this.#ledger.forgetBefore(turn - 1);
  }

  #expectEnd(): void {
    const { clock } = this.#options;
    const turn = this.#turn ?? 0;
    this.#timer?.cancel();
    const delayMs = Math.max(0, this.#ledger.expectedEndMs - clock.nowMs());
    this.#timer = clock.after(delayMs, () => {
      if (turn !== this.#turn || this.#ledger.hasReports) return;
      this.#tell(this.#ledger.estimate(turn, clock.nowMs()));
    });
  }

  #tell({ turn, characters, isAll }: Heard): void {
    const isOver = isAll && (turn !== this.#turn || this.#isComplete);
    if (isOver && turn === this.#turn) this.#timer?.cancel();
    this.#options.played({ turn, characters, isAll: isOver });
  }
}

/**
 * What all trials have in common: a finding, whose `seen` is one line for people without secrets or
 * anything private, beside the figures of the trial; a time limit, and an end on demand. None rejects.
 */
import type { Clock, Timer } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import { fault, type Finding, skipped } from "../doctor/finding.ts";

/** Of a trial that was ended from outside. */
export function stopped(): Finding {
  return skipped("stopped before it was over");
}

/** For what cannot be right whoever is asked, such as an address that is none. */
export function refusedTrial(error: unknown, usualFix: string): Finding {
  const hint = error instanceof WildfireError ? error.hint : undefined;
  const message = error instanceof WildfireError ? error.message : describeError(error);
  return fault(message, hint ?? usualFix);
}

/** Ends a trial when its time is over or nobody wants it any more, and tells the two apart. */
export class TrialEnd {
  readonly signal: AbortSignal;
  readonly #late = new AbortController();
  readonly #timer: Timer;

  constructor(clock: Clock, limitMs: number, signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#late.signal]);
    this.#timer = clock.after(limitMs, () => this.#late.abort());
  }

  get isLate(): boolean {
    return this.#late.signal.aborted;
  }

  /** To be called at the end of each trial. */
  release(): void {
    this.#timer.cancel();
  }
}

/** Calls whose peer went away before they were over: it is waited for, and then the call is given up. */
import type { Clock, Timer } from "../core/clock.ts";
import type { CallId } from "../wire/call-id.ts";

const patienceMs = 60_000;

export class OrphanedCalls {
  readonly #clock: Clock;
  readonly #giveUp: (callId: CallId) => void;
  /** By call number: whatever ends a call must say `found`, so that none outlives it. */
  readonly #timers = new Map<number, Timer>();
  #givenUp = 0;

  constructor(clock: Clock, giveUp: (callId: CallId) => void) {
    this.#clock = clock;
    this.#giveUp = giveUp;
  }

  /** How many were given up. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** Nobody is there for it; told again, its time begins anew. */
  lost(callId: CallId): void {
    this.found(callId);
    const timer = this.#clock.after(patienceMs, () => {
      this.#timers.delete(callId.number);
      this.#givenUp += 1;
      this.#giveUp(callId);
    });
    this.#timers.set(callId.number, timer);
  }

  /** Somebody is there again, or it is over. True when it had been lost. */
  found({ number }: CallId): boolean {
    this.#timers.get(number)?.cancel();
    return this.#timers.delete(number);
  }
}

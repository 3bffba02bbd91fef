/** A clock that stands still until it is told to go on; timers run in the order in which they are due. */
import type { Clock, Timer } from "../../src/core/clock.ts";

interface Scheduled {
  readonly atMs: number;
  readonly everyMs: number | undefined;
  readonly action: () => void;
}

export class FakeClock implements Clock {
  #nowMs = 0;
  #timers: Scheduled[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  get timers(): number {
    return this.#timers.length;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#schedule({ atMs: this.#nowMs + delayMs, everyMs: undefined, action });
  }

  every(intervalMs: number, action: () => void): Timer {
    return this.#schedule({ atMs: this.#nowMs + intervalMs, everyMs: intervalMs, action });
  }

  /** Lets time pass and runs what falls due on the way. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    let next = this.#takeDue(untilMs);
    while (next !== undefined) {
      this.#nowMs = next.atMs;
      next.action();
      next = this.#takeDue(untilMs);
    }
    this.#nowMs = untilMs;
  }

  #schedule(scheduled: Scheduled): Timer {
    const entry = { current: scheduled };
    const cancel = (): void => {
      this.#timers = this.#timers.filter((timer) => timer !== entry.current);
    };
    if (scheduled.everyMs === undefined) {
      this.#timers.push(scheduled);
      return { cancel };
    }
    const { everyMs } = scheduled;
    const arm = (atMs: number): void => {
      entry.current = {
        atMs,
        everyMs,
        action: () => {
          arm(atMs + everyMs);
          scheduled.action();
        },
      };
      this.#timers.push(entry.current);
    };
    arm(scheduled.atMs);
    return { cancel };
  }

  #takeDue(untilMs: number): Scheduled | undefined {
    const due = this.#timers.filter((timer) => timer.atMs <= untilMs);
    const first = due.toSorted((a, b) => a.atMs - b.atMs)[0];
    if (first !== undefined) this.#timers = this.#timers.filter((timer) => timer !== first);
    return first;
  }
}

/** A time limit that moves on with each sign of life, for the price of one number each. */
import type { Clock, Timer } from "../../core/clock.ts";

export class Deadline {
  readonly #clock: Clock;
  readonly #missed: () => void;
  #dueMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, missed: () => void) {
    this.#clock = clock;
    this.#missed = missed;
  }

  /** `missed` is called once when nothing sets it again for `limitMs`. */
  set(limitMs: number): void {
    const dueMs = this.#clock.nowMs() + limitMs;
    // A timer that fires too early sleeps on; one that would fire too late is of no use.
    if (dueMs < this.#dueMs) this.cancel();
    this.#dueMs = dueMs;
    if (this.#timer === undefined) this.#sleep(limitMs);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sleep(ms: number): void {
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      const leftMs = this.#dueMs - this.#clock.nowMs();
      if (leftMs > 0) this.#sleep(leftMs);
      else this.#missed();
    });
  }
}

/** How late the event loop runs its timers: the first thing to look at when datagrams queue up. */
import type { Clock, Timer } from "./clock.ts";

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Each look wakes the process, which an idle one should hardly be. */
const everyMs = { busy: 50, idle: 1000 } as const;
/** A minute with calls. */
const windowSamples = 1200;

/** Keeps the last samples: those of a minute with calls, of twenty minutes without. */
export class LoopDelayMonitor {
  readonly #clock: Clock;
  readonly #isBusy: () => boolean;
  readonly #samples = new Float64Array(windowSamples);
  #count = 0;
  #timer: Timer;

  constructor(clock: Clock, isBusy: () => boolean) {
    this.#clock = clock;
    this.#isBusy = isBusy;
    this.#timer = this.#next();
  }

  read(): LoopDelay {
    const used = this.#samples.slice(0, Math.min(this.#count, windowSamples)).toSorted();
    const at = (share: number): number => used[Math.floor(share * (used.length - 1))] ?? 0;
    return { p50Ms: round(at(0.5)), p99Ms: round(at(0.99)), maxMs: round(at(1)) };
  }

  close(): void {
    this.#timer.cancel();
  }

  #next(): Timer {
    const waitMs = this.#isBusy() ? everyMs.busy : everyMs.idle;
    const dueMs = this.#clock.nowMs() + waitMs;
    return this.#clock.after(waitMs, () => {
      this.#samples[this.#count % windowSamples] = Math.max(0, this.#clock.nowMs() - dueMs);
      this.#count += 1;
      this.#timer = this.#next();
    });
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

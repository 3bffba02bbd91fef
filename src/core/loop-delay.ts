/** How late the event loop runs its timers: the first thing to look at when datagrams queue up. */
import type { Clock, Timer } from "./clock.ts";

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const intervalMs = 50;
const windowSamples = 1200;

/** Keeps the last minute of samples. */
export class LoopDelayMonitor {
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #samples = new Float64Array(windowSamples);
  #count = 0;
  #lastMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastMs = clock.nowMs();
    this.#timer = clock.every(intervalMs, () => this.#sample());
  }

  read(): LoopDelay {
    const used = this.#samples.slice(0, Math.min(this.#count, windowSamples)).toSorted();
    const at = (share: number): number => used[Math.floor(share * (used.length - 1))] ?? 0;
    return { p50Ms: round(at(0.5)), p99Ms: round(at(0.99)), maxMs: round(at(1)) };
  }

  close(): void {
    this.#timer.cancel();
  }

  #sample(): void {
    const nowMs = this.#clock.nowMs();
    this.#samples[this.#count % windowSamples] = Math.max(0, nowMs - this.#lastMs - intervalMs);
    this.#count += 1;
    this.#lastMs = nowMs;
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

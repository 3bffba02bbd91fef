/** The one timer that paces the frames of all calls of a process, on absolute schedules. */
import type { Clock, Timer } from "../core/clock.ts";

export interface FrameTickerStatus {
  readonly entries: number;
  readonly ticks: number;
  /** Ticks that ran at once behind a late one, to catch up. */
  readonly caughtUp: number;
  /** Ticks left out, since they were more than the catch-up limit late. */
  readonly skipped: number;
  /** How late ticks ran, over the life of the ticker; in whole milliseconds, rounded up. */
  readonly latenessP50Ms: number;
  readonly latenessP99Ms: number;
  readonly latenessMaxMs: number;
}

/** `missed` is how many ticks were left out right before this one; 0 as long as the host keeps up. */
export type TickAction = (missed: number) => void;

export interface Ticking {
  /** No tick comes afterwards, not even in this wake-up. */
  cancel(): void;
}

interface Entry {
  readonly periodMs: number;
  readonly action: TickAction;
  dueMs: number;
  isCancelled: boolean;
}

const shortestPeriodMs = 10;
const longestPeriodMs = 60;
/** What is late by more than this is not played after: the jitter buffers of phones are no longer. */
const catchUpLimitMs = 200;
/** First ticks fall on this grid, so that a wake-up serves many calls. */
const gridMs = 5;
/** Timers have whole milliseconds: waking up a little early beats waking up twice. */
const toleranceMs = 1;
/** Lateness is counted in buckets of a millisecond; the last one holds all that is later. */
const latenessBuckets = 256;

export class FrameTicker {
  readonly #clock: Clock;
  /** Doubles: 32 bits would overflow within days of full load. */
  readonly #latenessCounts = new Float64Array(latenessBuckets);
  readonly #wake = (): void => this.#run();
  #entries: Entry[] = [];
  #timer: Timer | undefined;
  #armedForMs = 0;
  #isRunning = false;
  #cancelled = 0;
  #ticks = 0;
  #caughtUp = 0;
  #skipped = 0;
  #latenessMaxMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `action` every `periodMs` (10..60) until cancelled, the first time within a few
   * milliseconds. Ticks that came too late run at once, one after the other.
   */
  add(periodMs: number, action: TickAction): Ticking {
    if (!(periodMs >= shortestPeriodMs && periodMs <= longestPeriodMs)) {
      throw new RangeError(`period ${periodMs} ms is not ${shortestPeriodMs}..${longestPeriodMs}`);
    }
    const dueMs = Math.ceil(this.#clock.nowMs() / gridMs) * gridMs;
    const entry: Entry = { periodMs, action, dueMs, isCancelled: false };
    this.#entries.push(entry);
    if (!this.#isRunning) this.#arm();
    return { cancel: () => this.#cancel(entry) };
  }

  status(): FrameTickerStatus {
    return {
      entries: this.#entries.length - this.#cancelled,
      ticks: this.#ticks,
      caughtUp: this.#caughtUp,
      skipped: this.#skipped,
      latenessP50Ms: this.#latenessMs(0.5),
      latenessP99Ms: this.#latenessMs(0.99),
      latenessMaxMs: Math.ceil(this.#latenessMaxMs),
    };
  }

  #cancel(entry: Entry): void {
    if (entry.isCancelled) return;
    entry.isCancelled = true;
    this.#cancelled += 1;
    if (!this.#isRunning) this.#arm();
  }

  #run(): void {
    this.#timer = undefined;
    this.#isRunning = true;
    try {
      // By index: an action may add entries.
      for (let index = 0; index < this.#entries.length; index += 1) {
        const entry = this.#entries[index];
        if (entry !== undefined) this.#runDue(entry, this.#clock.nowMs());
      }
    } finally {
      // Also after an action that threw: the fault of one call must not silence the others.
      this.#isRunning = false;
      this.#arm();
    }
  }

  #runDue(entry: Entry, nowMs: number): void {
    let missed = this.#skipMissed(entry, nowMs);
    let isFirst = true;
    while (!entry.isCancelled && entry.dueMs - nowMs < toleranceMs) {
      this.#note(nowMs - entry.dueMs, isFirst);
      // Before the action, so that one that throws is not called for the same tick again.
      entry.dueMs += entry.periodMs;
      entry.action(missed);
      missed = 0;
      isFirst = false;
    }
  }

  /** Moves the schedule on over what is too late to be played; returns how many ticks that were. */
  #skipMissed(entry: Entry, nowMs: number): number {
    const beyondMs = nowMs - entry.dueMs - catchUpLimitMs;
    if (beyondMs <= 0 || entry.isCancelled) return 0;
    const missed = Math.ceil(beyondMs / entry.periodMs);
    entry.dueMs += missed * entry.periodMs;
    this.#skipped += missed;
    return missed;
  }

  #note(latenessMs: number, isFirst: boolean): void {
    this.#ticks += 1;
    if (!isFirst) this.#caughtUp += 1;
    if (latenessMs > this.#latenessMaxMs) this.#latenessMaxMs = latenessMs;
    const bucket = Math.min(latenessBuckets - 1, Math.max(0, Math.ceil(latenessMs)));
    this.#latenessCounts[bucket] = (this.#latenessCounts[bucket] ?? 0) + 1;
  }

  /** Drops cancelled entries and sets the timer to the earliest tick of the others. */
  #arm(): void {
    if (this.#cancelled > 0) {
      this.#entries = this.#entries.filter((entry) => !entry.isCancelled);
      this.#cancelled = 0;
    }
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries) earliestMs = Math.min(earliestMs, entry.dueMs);
    if (this.#timer !== undefined && this.#armedForMs === earliestMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (earliestMs === Number.POSITIVE_INFINITY) return;
    this.#armedForMs = earliestMs;
    this.#timer = this.#clock.after(Math.max(0, earliestMs - this.#clock.nowMs()), this.#wake);
  }

  #latenessMs(share: number): number {
    const wanted = this.#ticks * share;
    let seen = 0;
    for (let bucket = 0; bucket < latenessBuckets; bucket += 1) {
      seen += this.#latenessCounts[bucket] ?? 0;
      if (seen >= wanted) return bucket;
    }
    return latenessBuckets - 1;
  }
}

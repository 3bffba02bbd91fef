/**
 * Whether the host of a virtual machine held processors back meanwhile, as Linux counts it: a telephone call
 * that is played in real time has a hole then, whoever plays it.
 */
import { readFileSync } from "node:fs";

/** Linux counts in hundredths of a second for programs (USER_HZ). */
const tickMs = 10;
const sampleEveryMs = 100;
/** Two frames of a call: behind it the next sound is late by more than a recorder without a buffer bridges. */
export const longHoldMs = 40;

/** For each processor, how much of its time the host gave to others since the start; none without /proc/stat. */
export function parseStolenMs(text: string): readonly number[] {
  // proc(5): user, nice, system, idle, iowait, irq, softirq, steal.
  return [...text.matchAll(/^cpu\d+(?: \d+){7} (\d+)/gm)].map(
    ([, ticks]) => Number(ticks) * tickMs,
  );
}

/** How often a processor was held back for long within one sample. */
export class LongHolds {
  #before: readonly number[] = [];
  #count = 0;
  #longestMs = 0;

  get count(): number {
    return this.#count;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  add(stolenMs: readonly number[]): void {
    for (const [processor, ms] of stolenMs.entries()) {
      const heldMs = ms - (this.#before[processor] ?? ms);
      this.#longestMs = Math.max(this.#longestMs, heldMs);
      if (heldMs >= longHoldMs) this.#count += 1;
    }
    this.#before = stolenMs;
  }
}

/** Looks on until it is stopped; without /proc nothing is known to be held back. */
export function watchHolds(): { readonly holds: LongHolds; stop(): void } {
  const holds = new LongHolds();
  const timer = setInterval(() => holds.add(parseStolenMs(readStatistics())), sampleEveryMs);
  return { holds, stop: () => clearInterval(timer) };
}

function readStatistics(): string {
  try {
    return readFileSync("/proc/stat", "utf8");
  } catch {
    return "";
  }
}

/** What is known of 20 ms of a caller's sound when it is judged: powers are means of squares. */
import { filterHops } from "./echo-canceller.ts";
import { lagHops } from "./echo-lag.ts";
import type { EchoSpectra } from "./echo-spectra.ts";

/** Delays are told apart in groups of this many hops until the right one is found. */
export const groupHops = 4;
export const groupCount = lagHops / groupHops;
/** Around the filter's reach an echo is looked for, too: its delay may jump. */
const beforeHops = 2;
const behindHops = 3;

export class EchoHop {
  /** Of the sound. */
  power = 0;
  /** Of what the filter leaves of it. */
  left = 0;
  /** That the filter may be wrong by. */
  doubt = 0;
  /** Of the line's noise. */
  noise = 0;
  /** The delay of the echo is known. */
  isLocated = false;
  /** Of the loudest hop played that can be heard now. */
  peak = 0;
  /** The same for each group of delays, where it is not known. */
  readonly groupPeaks = new Float64Array(groupCount);

  readonly #limits = new Float64Array(groupCount);

  /** Looks up what was played, around a delay of `start` hops before the hop `newest`, or at all delays. */
  findPeaks(spectra: EchoSpectra, newest: number, start: number | undefined): void {
    this.isLocated = start !== undefined;
    if (start !== undefined) {
      const last = newest - start + beforeHops;
      this.peak = spectra.loudest(last - beforeHops - filterHops - behindHops, last);
      return;
    }
    this.peak = 0;
    for (let group = 0; group < groupCount; group += 1) {
      const last = newest - group * groupHops + 1;
      const groupPeak = spectra.loudest(last - groupHops - 2, last);
      this.groupPeaks[group] = groupPeak;
      this.peak = Math.max(this.peak, groupPeak);
    }
  }

  clearLimits(): void {
    this.#limits.fill(0);
  }

  /** An echo with a delay of `lag` can be as loud as `power`. */
  limit(lag: number, power: number): void {
    const group = Math.floor(lag / groupHops);
    this.#limits[group] = Math.max(this.limitOf(group), power);
  }

  /** Power of an echo with a delay of a group at most, for all that is known of each delay by itself. */
  limitOf(group: number): number {
    return this.#limits[group] ?? 0;
  }
}

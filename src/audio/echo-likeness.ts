/** Whether a sound that has just begun is like what was played: an echo is, from its first 60 ms on, and a caller is not. */
import type { EchoAbsence } from "./echo-absence.ts";
import { lagHops } from "./echo-lag.ts";
import { phaseBins, type PhaseSpectrum } from "./echo-phases.ts";
import { moveRows } from "./echo-rows.ts";
import type { EchoSpectra } from "./echo-spectra.ts";

/**
 * What the coherence of an echo is at least, by the hops that the sound has lasted. Of callers one half
 * is below it after three hops, nine of ten after four, all but one of twenty after five.
 */
const leastCoherence = [0, 0, 0, 0.47, 0.41, 0.42, 0.41, 0.37, 0.34] as const;
const mostHops = leastCoherence.length - 1;
/** So many quiet hops end a sound. */
const quietHops = 4;

/** What a hop is compared with. */
export interface LikenessSource {
  readonly spectra: EchoSpectra;
  /** The last hop that could have been heard. */
  readonly newest: number;
  /** Where it knows, nobody needs to guess. */
  readonly absence: EchoAbsence;
}

export class EchoLikeness {
  /** Sums of phase differences of each lag and bin. */
  readonly #re = new Float32Array(lagHops * phaseBins);
  readonly #im = new Float32Array(lagHops * phaseBins);
  readonly #energies = new Float64Array(lagHops);
  /** Lags of which the present sound may be the first echo, or of which a sound before it was none. */
  readonly #isAsked = new Uint8Array(lagHops);
  readonly #isUnlike = new Uint8Array(lagHops);
  #hops = 0;
  #quiet = quietHops;

  /** True when the sound, or the one before it while it is too short, is no echo with that delay. */
  isUnlike(lag: number): boolean {
    return this.#isUnlike[lag] === 1;
  }

  /** Nothing is to be heard but noise. */
  rest(): void {
    this.#quiet += 1;
    if (this.#quiet >= quietHops) this.#hops = 0;
  }

  /** Takes a hop of a sound. */
  add(near: PhaseSpectrum, source: LikenessSource): void {
    this.#quiet = 0;
    if (this.#hops === mostHops) return;
    if (this.#hops === 0) this.#begin(source.absence);
    this.#hops += 1;
    for (let lag = 0; lag < lagHops; lag += 1) {
      if (this.#isAsked[lag] === 1) this.#ask(lag, near, source);
    }
  }

  /** Lags are counted from a point `hops` later from now on. */
  move(hops: number): void {
    this.#hops = 0;
    moveRows(this.#isUnlike, hops, 0);
  }

  #begin(absence: EchoAbsence): void {
    this.#re.fill(0);
    this.#im.fill(0);
    this.#energies.fill(0);
    for (let lag = 0; lag < lagHops; lag += 1) {
      this.#isAsked[lag] = this.isUnlike(lag) || absence.isUnknown(lag) ? 1 : 0;
    }
  }

  #ask(lag: number, near: PhaseSpectrum, { spectra, newest }: LikenessSource): void {
    const hop = newest - lag;
    const far = spectra.isSounding(hop) ? spectra.phases(hop) : undefined;
    if (far !== undefined) this.#compare(lag, near, far);
    const least = leastCoherence[this.#hops] ?? 0;
    if (least > 0) this.#isUnlike[lag] = this.#coherence(lag) < least ? 1 : 0;
  }

  #compare(lag: number, near: PhaseSpectrum, far: PhaseSpectrum): void {
    const start = lag * phaseBins;
    let energy = 0;
    for (let bin = 0; bin < phaseBins; bin += 1) {
      const a = near.re[bin] ?? 0;
      const b = near.im[bin] ?? 0;
      const c = far.re[bin] ?? 0;
      const d = far.im[bin] ?? 0;
      const re = a * c + b * d;
      const im = b * c - a * d;
      this.#re[start + bin] = (this.#re[start + bin] ?? 0) + re;
      this.#im[start + bin] = (this.#im[start + bin] ?? 0) + im;
      energy += re * re + im * im;
    }
    this.#energies[lag] = (this.#energies[lag] ?? 0) + energy;
  }

  /** Energy of the sums over what it would be if all hops had the same phases. */
  #coherence(lag: number): number {
    const start = lag * phaseBins;
    let sum = 0;
    for (let index = start; index < start + phaseBins; index += 1) {
      const re = this.#re[index] ?? 0;
      const im = this.#im[index] ?? 0;
      sum += re * re + im * im;
    }
    const all = this.#hops * (this.#energies[lag] ?? 0);
    return all > 0 ? sum / all : 0;
  }
}

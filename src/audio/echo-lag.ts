/** Finds how long an echo takes: the lag at which the phases of both sides keep the same difference. */
import { phaseBins, type PhaseSpectrum } from "./echo-phases.ts";
import { moveRows } from "./echo-rows.ts";
import { audiblePower, type EchoSpectra } from "./echo-spectra.ts";

/** Lags that are tried, in hops: 0 to 780 ms. */
export const lagHops = 40;
/** Weight of the newest hop; an echo stands out after a quarter of a second of speech. */
const share = 0.05;
/** Agreement that sounds without relation do not reach: theirs stays below 0.27. */
const certain = 0.4;
/** By how much another lag must be better than the one that is believed. */
const lead = 1.3;
/** Hops of sound before anything is said. */
const firstHops = 10;

export class EchoLag {
  /** Mean phase difference of each lag and bin. */
  readonly #re = new Float32Array(lagHops * phaseBins);
  readonly #im = new Float32Array(lagHops * phaseBins);
  readonly #scores = new Float64Array(lagHops);
  #heardHops = 0;
  #best: number | undefined;

  /** In hops before the newest; undefined while no echo stands out. */
  get best(): number | undefined {
    return this.#best;
  }

  /** Takes what was heard while hop `newest` was the last that could have been heard. */
  add(near: PhaseSpectrum, spectra: EchoSpectra, newest: number): void {
    let isHeard = false;
    for (let lag = 0; lag < lagHops; lag += 1) {
      const hop = newest - lag;
      if (spectra.power(hop) < audiblePower) continue;
      const far = spectra.phases(hop);
      if (far === undefined) continue;
      isHeard = true;
      this.#compare(lag, near, far);
    }
    if (!isHeard) return;
    this.#heardHops += 1;
    if (this.#heardHops >= firstHops) this.#choose();
  }

  /** Lags are counted from a point `hops` later from now on. */
  move(hops: number): void {
    if (hops === 0) return;
    moveRows(this.#re, phaseBins * hops, 0);
    moveRows(this.#im, phaseBins * hops, 0);
    this.#scores.fill(0);
    const best = (this.#best ?? -lagHops) + hops;
    this.#best = best >= 0 && best < lagHops ? best : undefined;
  }

  #compare(lag: number, near: PhaseSpectrum, far: PhaseSpectrum): void {
    const start = lag * phaseBins;
    const nearRe = near.re;
    const nearIm = near.im;
    const farRe = far.re;
    const farIm = far.im;
    let sum = 0;
    for (let bin = 0; bin < phaseBins; bin += 1) {
      const a = nearRe[bin] ?? 0;
      const b = nearIm[bin] ?? 0;
      const c = farRe[bin] ?? 0;
      const d = farIm[bin] ?? 0;
      const oldRe = this.#re[start + bin] ?? 0;
      const oldIm = this.#im[start + bin] ?? 0;
      const re = oldRe + share * (a * c + b * d - oldRe);
      const im = oldIm + share * (b * c - a * d - oldIm);
      this.#re[start + bin] = re;
      this.#im[start + bin] = im;
      sum += re * re + im * im;
    }
    this.#scores[lag] = sum / phaseBins;
  }

  #choose(): void {
    let best = 0;
    for (let lag = 1; lag < lagHops; lag += 1) {
      if ((this.#scores[lag] ?? 0) > (this.#scores[best] ?? 0)) best = lag;
    }
    const score = this.#scores[best] ?? 0;
    if (score < certain) return;
    const believed = this.#best === undefined ? 0 : (this.#scores[this.#best] ?? 0);
    if (score > lead * believed) this.#best = best;
  }
}

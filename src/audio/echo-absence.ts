/** What a line does not bring back: for each delay, how loud an echo can be after loud sound has found none, or little. */
import type { EchoHop } from "./echo-hop.ts";
import { lagHops } from "./echo-lag.ts";
import { moveRows } from "./echo-rows.ts";
import { audiblePower, type EchoSpectra } from "./echo-spectra.ts";

/** What came back of one loud hop, of two or three in a row, may be so much less than of others: 16, 12, and 9 dB. */
const slacks = [40, 16, 8] as const;
const windowHops = slacks.length;
/** As a share of the loudest that was played lately: what is quieter says nothing. */
const loudShare = 0.1;
/** The loudest is forgotten with a time constant of ten seconds. */
const loudestDecay = 0.998;

export class EchoAbsence {
  readonly #gains = new Float64Array(lagHops).fill(1);
  /** Of the last loud hops of each delay, the newest first: what was played, and what came. */
  readonly #played = new Float64Array(lagHops * windowHops);
  readonly #heard = new Float64Array(lagHops * windowHops);
  readonly #counts = new Float64Array(lagHops);
  #loudest = 0;

  /** Power gain of an echo with that delay at most; 1 while nothing is known. */
  gain(lag: number): number {
    return this.#gains[lag] ?? 1;
  }

  /** True when hardly anything was played that could have come back with that delay. */
  isUnknown(lag: number): boolean {
    return (this.#counts[lag] ?? 0) < windowHops;
  }

  /** Takes a hop that was heard while hop `newest` was the last that could have been heard. */
  add(spectra: EchoSpectra, newest: number, { power, noise }: EchoHop): void {
    const played = spectra.power(Math.min(newest, spectra.hops - 1));
    this.#loudest = Math.max(loudestDecay * this.#loudest, played);
    const least = Math.max(audiblePower, loudShare * this.#loudest);
    const heard = Math.max(noise / 2, power - 2 * noise);
    for (let lag = 0; lag < lagHops; lag += 1) {
      // An echo that comes between two hops has its share of both.
      const both = Math.min(spectra.power(newest - lag), spectra.power(newest - lag - 1));
      if (both >= least) this.#compare(lag, both, heard);
    }
  }

  /** Lags are counted from a point `hops` later from now on. */
  move(hops: number): void {
    if (hops === 0) return;
    // What comes in is as near to the delay at that end as can be.
    moveRows(this.#gains, hops, this.gain(hops > 0 ? 0 : lagHops - 1));
    moveRows(this.#played, windowHops * hops, 0);
    moveRows(this.#heard, windowHops * hops, 0);
    moveRows(this.#counts, hops, 0);
  }

  #compare(lag: number, played: number, heard: number): void {
    const start = lag * windowHops;
    const last = start + windowHops - 1;
    this.#played.copyWithin(start + 1, start, last);
    this.#heard.copyWithin(start + 1, start, last);
    this.#played[start] = played;
    this.#heard[start] = heard;
    const count = Math.min((this.#counts[lag] ?? 0) + 1, windowHops);
    this.#counts[lag] = count;
    let gain = this.#gains[lag] ?? 1;
    let all = 0;
    let back = 0;
    for (let hop = 0; hop < count; hop += 1) {
      all += this.#played[start + hop] ?? 0;
      back += this.#heard[start + hop] ?? 0;
      gain = Math.min(gain, ((slacks[hop] ?? 1) * back) / all);
    }
    this.#gains[lag] = gain;
  }
}

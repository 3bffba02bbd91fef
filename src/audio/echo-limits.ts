/** How loud an echo can be at most while its delay is not known: by what came back so far, and by what a sound is like. */
import { EchoAbsence } from "./echo-absence.ts";
import type { EchoHop } from "./echo-hop.ts";
import { lagHops } from "./echo-lag.ts";
import { EchoLikeness } from "./echo-likeness.ts";
import type { PhaseSpectrum } from "./echo-phases.ts";
import type { EchoSpectra } from "./echo-spectra.ts";

/** Power gain of delays with which a sound cannot be an echo: it may hide one that is 27 dB weaker than the agent. */
const unlikeGain = 0.002;
/** Sound is worth a comparison when it is louder than such an echo, and than the line's noise by this factor. */
const noiseFactor = 4;
const echoFactor = 2.5;

export class EchoLimits {
  readonly #spectra: EchoSpectra;
  readonly #absence = new EchoAbsence();
  readonly #likeness = new EchoLikeness();

  constructor(spectra: EchoSpectra) {
    this.#spectra = spectra;
  }

  /** Takes what was heard while hop `newest` was the last that could have been heard. */
  add(hop: EchoHop, newest: number): void {
    this.#absence.add(this.#spectra, newest, hop);
  }

  /** Tells a hop, in which `near` was heard, how loud an echo it can hold. */
  limit(hop: EchoHop, near: PhaseSpectrum, newest: number): void {
    const spectra = this.#spectra;
    const isSound = hop.power > noiseFactor * hop.noise + echoFactor * unlikeGain * hop.peak;
    if (isSound) this.#likeness.add(near, { spectra, newest, absence: this.#absence });
    else this.#likeness.rest();
    hop.clearLimits();
    // What is yet to be played cannot have come back.
    for (let lag = Math.max(0, newest - spectra.hops + 1); lag < lagHops; lag += 1) {
      const gain = this.#absence.gain(lag);
      const most = this.#likeness.isUnlike(lag) ? Math.min(gain, unlikeGain) : gain;
      hop.limit(lag, most * spectra.loudest(newest - lag - 2, newest - lag));
    }
  }

  /** Lags are counted from a point `hops` later from now on. */
  move(hops: number): void {
    this.#absence.move(hops);
    this.#likeness.move(hops);
  }
}

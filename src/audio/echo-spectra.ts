/** What was played lately, hop by hop: loudness and spectra, from which echoes are predicted. */
import { EchoBand, hopSamples } from "./echo-band.ts";
import { Spectrum, spectrumBins, transform, transformSamples } from "./echo-fft.ts";
import { PhaseSpectrum } from "./echo-phases.ts";

/** Hops that are remembered, a power of two: 1.28 s. */
const rememberedHops = 64;
const mask = rememberedHops - 1;
/** Mean power of a hop, evened, from which on it can have an echo worth a thought: about -62 dBFS. */
export const audiblePower = 6e-7;

/** The agent's side of the line; hop 0 is the first. */
export class EchoSpectra {
  /** Parts of spectra, one hop of 257 bins behind the other: a hop's window is 512 samples that end with it. */
  readonly re = new Float32Array(rememberedHops * spectrumBins);
  readonly im = new Float32Array(rememberedHops * spectrumBins);
  readonly #phases = Array.from({ length: rememberedHops }, () => new PhaseSpectrum());
  readonly #powers = new Float64Array(rememberedHops);
  /** False: all of the window was silent, and its spectrum is zero. */
  readonly #isSounding = new Uint8Array(rememberedHops);
  readonly #band: EchoBand;
  readonly #window = new Float64Array(transformSamples);
  readonly #spectrum = new Spectrum();
  readonly #pending: Float32Array;
  #filled = 0;
  #hops = 0;
  /** Hops of digital silence that came last. */
  #silentHops = rememberedHops;
  #inaudibleHops = rememberedHops;

  constructor(rateHz: 8000 | 16_000) {
    this.#band = new EchoBand(rateHz);
    this.#pending = new Float32Array(this.#band.hopInput);
  }

  /** Hops that are complete. */
  get hops(): number {
    return this.#hops;
  }

  /** For how many hops nothing was played that one could hear come back. */
  get inaudibleHops(): number {
    return this.#inaudibleHops;
  }

  /** Takes samples in blocks of any size. */
  add(samples: Float32Array): void {
    const pending = this.#pending;
    for (let at = 0; at < samples.length; at += 1) {
      pending[this.#filled] = samples[at] ?? 0;
      this.#filled += 1;
      if (this.#filled === pending.length) this.#endHop();
    }
  }

  /** As many samples of digital silence. */
  addSilence(count: number): void {
    let left = count;
    while (left > 0) {
      const taken = Math.min(left, this.#pending.length - this.#filled);
      this.#pending.fill(0, this.#filled, this.#filled + taken);
      this.#filled += taken;
      left -= taken;
      if (this.#filled === this.#pending.length) this.#endHop();
    }
  }

  /** Mean power of a hop; nothing for one that was forgotten or is yet to come. */
  power(hop: number): number {
    return this.#has(hop) ? (this.#powers[hop & mask] ?? 0) : 0;
  }

  /** The same of the loudest from `first` to `last`. */
  loudest(first: number, last: number): number {
    let most = 0;
    for (let hop = first; hop <= last; hop += 1) most = Math.max(most, this.power(hop));
    return most;
  }

  /** True when anything of the window that ends with this hop sounded. */
  isSounding(hop: number): boolean {
    return this.#has(hop) && this.#isSounding[hop & mask] === 1;
  }

  /** Where the bins of a hop begin in `re` and `im`. */
  offset(hop: number): number {
    return (hop & mask) * spectrumBins;
  }

  phases(hop: number): PhaseSpectrum | undefined {
    return this.#phases[hop & mask];
  }

  #has(hop: number): boolean {
    return hop >= 0 && hop < this.#hops && hop >= this.#hops - rememberedHops;
  }

  #endHop(): void {
    this.#filled = 0;
    this.#inaudibleHops += 1;
    const slot = this.#hops & mask;
    const window = this.#window;
    // After a second of silence nothing is left to forget.
    if (this.#silentHops >= rememberedHops && isSilent(this.#pending)) {
      this.#powers[slot] = 0;
      this.#isSounding[slot] = 0;
      this.#hops += 1;
      return;
    }
    window.copyWithin(0, hopSamples);
    const end = transformSamples - hopSamples;
    const power = this.#band.process(this.#pending, 0, window, end);
    this.#powers[slot] = power;
    if (power >= audiblePower) this.#inaudibleHops = 0;
    this.#silentHops = power > 0 ? 0 : this.#silentHops + 1;
    const isSounding = this.#silentHops * hopSamples < transformSamples;
    this.#isSounding[slot] = isSounding ? 1 : 0;
    if (isSounding) this.#analyse(slot);
    this.#hops += 1;
  }

  #analyse(slot: number): void {
    transform(this.#window, this.#spectrum);
    this.re.set(this.#spectrum.re, slot * spectrumBins);
    this.im.set(this.#spectrum.im, slot * spectrumBins);
    this.#phases[slot]?.take(this.#spectrum);
  }
}

function isSilent(samples: Float32Array): boolean {
  for (let index = 0; index < samples.length; index += 1) {
    if (samples[index] !== 0) return false;
  }
  return true;
}

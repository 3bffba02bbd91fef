/**
 * Learns the way of an echo as a linear filter: a frequency-domain Kalman filter in blocks, which by
 * itself learns quickly at first, slowly later, and hardly at all while the caller speaks.
 */
import { hopSamples } from "./echo-band.ts";
import { Spectrum, spectrumBins, transform, transformBack, transformSamples } from "./echo-fft.ts";
import type { EchoSpectra } from "./echo-spectra.ts";

/** The filter has parts of this length each, in hops. */
const partHops = 2;
const partSamples = partHops * hopSamples;
const parts = 2;
/** Length of the filter, in hops: 80 ms. */
export const filterHops = parts * partHops;
/** How much of an error is seen in a hop. */
const seenShare = hopSamples / transformSamples;
/** Uncertainty of the filter at the beginning, as the power gain of a bin. */
const firstUncertainty = 1;
/** Share of the filter's power that becomes uncertain with each hop, as lines change. */
const forgetting = 0.001;
/** Weight of the newest hop in what is taken for the caller's sound. */
const noiseShare = 0.5;
/** Keeps divisions finite where both sides are silent. */
const tiny = 1e-12;

export class EchoCanceller {
  readonly #filter = Array.from({ length: parts }, () => new Spectrum());
  readonly #uncertainty = Array.from({ length: parts }, () => new Float64Array(spectrumBins));
  readonly #noise = new Float64Array(spectrumBins);
  readonly #gain = new Float64Array(spectrumBins);
  readonly #steps = new Float64Array(spectrumBins);
  readonly #work = new Spectrum();
  readonly #error = new Spectrum();
  readonly #samples = new Float64Array(transformSamples);
  readonly #taps = new Float64Array(parts * partSamples);
  #doubtPower = 0;
  /** The part that is shortened to its length next. */
  #turn = 0;

  constructor() {
    this.reset();
  }

  /** Power that the last prediction may be wrong by, for all that was learnt until then. */
  get doubtPower(): number {
    return this.#doubtPower;
  }

  reset(): void {
    for (const part of this.#filter) part.clear();
    this.doubt();
  }

  /** The filter may be wrong: it learns quickly again. */
  doubt(): void {
    for (const values of this.#uncertainty) values.fill(firstUncertainty);
    this.#noise.fill(0);
  }

  /** Writes the echo that is to be heard when hop `newest` is the first that the filter reaches, to `out` at `to`. */
  predict(spectra: EchoSpectra, newest: number, out: Float64Array, to: number): void {
    const { re, im } = this.#work;
    re.fill(0);
    im.fill(0);
    for (let part = 0; part < parts; part += 1) {
      const hop = newest - part * partHops;
      const filter = this.#filter[part];
      if (filter !== undefined && spectra.isSounding(hop))
        addProduct(this.#work, filter, spectra, hop);
    }
    transformBack(this.#work, this.#samples);
    const from = transformSamples - hopSamples;
    for (let index = 0; index < hopSamples; index += 1) {
      out[to + index] = this.#samples[from + index] ?? 0;
    }
  }

  /** Learns from what was heard and not predicted, a hop. */
  learn(spectra: EchoSpectra, newest: number, error: Float64Array): void {
    const samples = this.#samples;
    const from = transformSamples - hopSamples;
    samples.fill(0, 0, from);
    for (let index = 0; index < hopSamples; index += 1) samples[from + index] = error[index] ?? 0;
    transform(samples, this.#error);
    this.#weigh(spectra, newest);
    for (let part = 0; part < parts; part += 1) this.#adapt(part, spectra, newest);
    const filter = this.#filter[this.#turn];
    if (filter !== undefined) this.#shorten(filter);
    this.#turn = (this.#turn + 1) % parts;
  }

  /** Delays the filter by as many samples, which may be less than 0; what leaves it at either end is lost. */
  delay(count: number): void {
    const taps = this.#taps;
    for (const [part, filter] of this.#filter.entries()) {
      transformBack(filter, this.#samples);
      taps.set(this.#samples.subarray(0, partSamples), part * partSamples);
    }
    for (const [part, filter] of this.#filter.entries()) {
      this.#samples.fill(0);
      for (let tap = 0; tap < partSamples; tap += 1) {
        this.#samples[tap] = taps[part * partSamples + tap - count] ?? 0;
      }
      transform(this.#samples, filter);
    }
  }

  /** For each bin 1 / (uncertainty of the prediction + power of what is no echo). */
  #weigh(spectra: EchoSpectra, newest: number): void {
    const gain = this.#gain;
    const noise = this.#noise;
    for (let bin = 0; bin < spectrumBins; bin += 1) {
      const old = noise[bin] ?? 0;
      const power = old + noiseShare * (squared(this.#error.re, this.#error.im, bin) - old);
      noise[bin] = power;
      gain[bin] = power / seenShare + tiny;
    }
    let doubt = 0;
    for (let part = 0; part < parts; part += 1) {
      const hop = newest - part * partHops;
      if (spectra.isSounding(hop)) doubt += this.#addUncertainty(part, spectra, hop);
    }
    // Each bin but the first and the last stands for two; a hop is a share of the window.
    this.#doubtPower = (2 * doubt) / transformSamples ** 2;
    for (let bin = 0; bin < spectrumBins; bin += 1) gain[bin] = 1 / (gain[bin] ?? 1);
  }

  /** Adds a part's share in what the prediction may be wrong by; returns the sum. */
  #addUncertainty(part: number, spectra: EchoSpectra, hop: number): number {
    const at = spectra.offset(hop);
    const gain = this.#gain;
    const uncertainty = this.#uncertainty[part];
    let sum = 0;
    for (let bin = 0; bin < spectrumBins; bin += 1) {
      const unsure = (uncertainty?.[bin] ?? 0) * squared(spectra.re, spectra.im, at + bin);
      gain[bin] = (gain[bin] ?? 0) + unsure;
      sum += unsure;
    }
    return sum;
  }

  #adapt(part: number, spectra: EchoSpectra, newest: number): void {
    const hop = newest - part * partHops;
    const filter = this.#filter[part];
    const uncertainty = this.#uncertainty[part];
    if (filter === undefined || uncertainty === undefined || !spectra.isSounding(hop)) return;
    const at = spectra.offset(hop);
    const steps = this.#steps;
    const gain = this.#gain;
    for (let bin = 0; bin < spectrumBins; bin += 1) {
      steps[bin] = (uncertainty[bin] ?? 0) * (gain[bin] ?? 0);
    }
    correct({ filter, error: this.#error, steps, spectra, at });
    for (let bin = 0; bin < spectrumBins; bin += 1) {
      const learnt = seenShare * (steps[bin] ?? 0) * squared(spectra.re, spectra.im, at + bin);
      const left = (uncertainty[bin] ?? 0) * (1 - learnt);
      uncertainty[bin] = left + forgetting * squared(filter.re, filter.im, bin);
    }
  }

  /** A filter longer than its part would wrap around. */
  #shorten(filter: Spectrum): void {
    transformBack(filter, this.#samples);
    this.#samples.fill(0, partSamples);
    transform(this.#samples, filter);
  }
}

interface Correction {
  readonly filter: Spectrum;
  readonly error: Spectrum;
  readonly steps: Float64Array;
  readonly spectra: EchoSpectra;
  /** Where the bins of what was played begin. */
  readonly at: number;
}

/** Moves the filter towards what would have left no error. */
function correct({ filter, error, steps, spectra, at }: Correction): void {
  for (let bin = 0; bin < spectrumBins; bin += 1) {
    const a = spectra.re[at + bin] ?? 0;
    const b = spectra.im[at + bin] ?? 0;
    const c = error.re[bin] ?? 0;
    const d = error.im[bin] ?? 0;
    const step = steps[bin] ?? 0;
    filter.re[bin] = (filter.re[bin] ?? 0) + step * (a * c + b * d);
    filter.im[bin] = (filter.im[bin] ?? 0) + step * (a * d - b * c);
  }
}

type Values = Float32Array | Float64Array;

function squared(re: Values, im: Values, at: number): number {
  const a = re[at] ?? 0;
  const b = im[at] ?? 0;
  return a * a + b * b;
}

function addProduct(out: Spectrum, filter: Spectrum, spectra: EchoSpectra, hop: number): void {
  const at = spectra.offset(hop);
  for (let bin = 0; bin < spectrumBins; bin += 1) {
    const a = spectra.re[at + bin] ?? 0;
    const b = spectra.im[at + bin] ?? 0;
    const c = filter.re[bin] ?? 0;
    const d = filter.im[bin] ?? 0;
    out.re[bin] = (out.re[bin] ?? 0) + a * c - b * d;
    out.im[bin] = (out.im[bin] ?? 0) + a * d + b * c;
  }
}

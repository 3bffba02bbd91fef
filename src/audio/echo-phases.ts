/** A spectrum evened out, in which phases count more than loudness: what an echo keeps of a sound. */
import type { Spectrum } from "./echo-fft.ts";

/** Bins that are looked at: every second one from 190 to 2,160 Hz, where any line and codec lets sound through. */
export const phaseBins = 64;
const firstBin = 12;
const binStep = 2;

export class PhaseSpectrum {
  readonly re = new Float32Array(phaseBins);
  readonly im = new Float32Array(phaseBins);

  /**
   * Takes a spectrum as if its samples had been weighted by a Hann window. Each bin is brought half-way
   * to the loudness of all: with none of it the noise between harmonics would have too much of a say.
   */
  take({ re, im }: Spectrum): void {
    let total = 0;
    for (let index = 0; index < phaseBins; index += 1) {
      const bin = firstBin + binStep * index;
      const a = hann(re, bin);
      const b = hann(im, bin);
      const magnitude = Math.sqrt(a * a + b * b);
      const scale = magnitude > 0 ? 1 / Math.sqrt(magnitude) : 0;
      this.re[index] = a * scale;
      this.im[index] = b * scale;
      total += magnitude;
    }
    const norm = total > 0 ? Math.sqrt(phaseBins / total) : 0;
    for (let index = 0; index < phaseBins; index += 1) {
      this.re[index] = (this.re[index] ?? 0) * norm;
      this.im[index] = (this.im[index] ?? 0) * norm;
    }
  }
}

/** A Hann window of samples is a sum over neighbours in their spectrum. */
function hann(values: Float64Array, bin: number): number {
  return 0.5 * (values[bin] ?? 0) - 0.25 * ((values[bin - 1] ?? 0) + (values[bin + 1] ?? 0));
}

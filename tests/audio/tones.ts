/** Test signals with known content, and the measurement of one frequency in a signal. */
import { SeededRandom } from "../fuzz/seeded-random.ts";

export interface ToneOptions {
  readonly hz: number;
  readonly rateHz: number;
  readonly samples: number;
  readonly amplitude?: number;
}

export function tone(options: ToneOptions): Float32Array {
  const { hz, rateHz, samples, amplitude = 0.5 } = options;
  return Float32Array.from(
    { length: samples },
    (_, index) => amplitude * Math.sin((2 * Math.PI * hz * index) / rateHz),
  );
}

/** White noise of the given RMS level. */
export function noise(samples: number, dbfs: number, seed = 1): Float32Array {
  const random = new SeededRandom(seed);
  // A uniform distribution over -a..a has the RMS a / sqrt(3).
  const amplitude = 10 ** (dbfs / 20) * Math.sqrt(3);
  return Float32Array.from({ length: samples }, () => amplitude * (2 * random.unit() - 1));
}

/** Amplitude of one frequency, by correlation under a Blackman window, in dB re amplitude 1. */
export function amplitudeDb(signal: Float32Array, hz: number, rateHz: number): number {
  let real = 0;
  let imaginary = 0;
  let weight = 0;
  for (const [index, sample] of signal.entries()) {
    const x = (2 * Math.PI * index) / (signal.length - 1);
    const window = 0.42 - 0.5 * Math.cos(x) + 0.08 * Math.cos(2 * x);
    const angle = (2 * Math.PI * hz * index) / rateHz;
    real += window * sample * Math.cos(angle);
    imaginary -= window * sample * Math.sin(angle);
    weight += window;
  }
  return 20 * Math.log10((2 * Math.hypot(real, imaginary)) / weight + 1e-12);
}

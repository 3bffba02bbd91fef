/** Instruments of the music on hold: their harmonics, and how their notes begin and end. */

/** Amplitudes of the harmonics of an instrument, and how its notes begin and end. */
export interface Instrument {
  readonly harmonics: readonly number[];
  readonly attackMs: number;
  /** Time in which a note falls to 1/e; infinite for one that is blown or bowed. */
  readonly decayMs: number;
  readonly vibratoShare: number;
}

export const flute: Instrument = {
  harmonics: [1, 0.35, 0.08],
  attackMs: 60,
  decayMs: Number.POSITIVE_INFINITY,
  vibratoShare: 0.006,
};
export const strings: Instrument = {
  harmonics: [1, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08],
  attackMs: 90,
  decayMs: Number.POSITIVE_INFINITY,
  vibratoShare: 0.004,
};
export const brass: Instrument = {
  harmonics: [0.7, 1, 0.9, 0.7, 0.5, 0.35, 0.2],
  attackMs: 30,
  decayMs: Number.POSITIVE_INFINITY,
  vibratoShare: 0.003,
};
export const guitar: Instrument = {
  harmonics: [1, 0.6, 0.4, 0.3, 0.15, 0.1],
  attackMs: 3,
  decayMs: 350,
  vibratoShare: 0,
};
export const piano: Instrument = {
  harmonics: [1, 0.5, 0.3, 0.2, 0.1],
  attackMs: 3,
  decayMs: 600,
  vibratoShare: 0,
};

/** Samples in one period of an instrument's sound. */
export const periodSamples = 2048;

const periods = new Map<Instrument, Float32Array[]>();

/** One period of an instrument with its first harmonics: more would be above half the sample rate. */
export function periodOf(instrument: Instrument, harmonics: number): Float32Array {
  const count = Math.min(harmonics, instrument.harmonics.length);
  const known = periods.get(instrument) ?? [];
  periods.set(instrument, known);
  return (known[count] ??= makePeriod(instrument.harmonics.slice(0, count)));
}

function makePeriod(amplitudes: readonly number[]): Float32Array {
  return Float32Array.from({ length: periodSamples }, (_, index) =>
    amplitudes.reduce((sum, amplitude, harmonic) => {
      const phase = ((harmonic + 1) * index) / periodSamples;
      return sum + amplitude * Math.sin(2 * Math.PI * phase);
    }, 0),
  );
}

/** Noise as sample streams of known power, the same in every run. */
import type { Xorshift32 } from "./xorshift.ts";

/** The next sample, at `lineRateHz`. */
export type Sound = () => number;

/** Of everything that goes through a telephone line. */
export const lineRateHz = 8000;

/** Evenly spread between -root 3 and root 3, which is power 1. */
const evenHalfWidth = Math.sqrt(3);
const lowestPinkCornerHz = 60;
const pinkOctaves = 6;

/** Power 1. */
export function whiteNoise(random: Xorshift32): Sound {
  return () => (random.unit() * 2 - 1) * evenHalfWidth;
}

/** Power 1; two equal poles, thus 12 dB an octave above the corner. */
export function lowPassNoise(random: Xorshift32, cornerHz: number): Sound {
  const white = whiteNoise(random);
  const pole = poleAt(cornerHz);
  const squared = pole * pole;
  // The power of white noise behind two poles at p is (1 + p^2) / (1 - p^2)^3.
  const gain = Math.sqrt((1 - squared) ** 3 / (1 + squared));
  let first = 0;
  let second = 0;
  return () => {
    first = pole * first + gain * white();
    second = pole * second + first;
    return second;
  };
}

/**
 * Power 1, falling by 3 dB an octave: independent low-passed noises of equal power whose corners
 * are an octave apart add up to that.
 */
export function pinkNoise(random: Xorshift32): Sound {
  const white = whiteNoise(random);
  const poles = Array.from({ length: pinkOctaves }, (_, octave) =>
    poleAt(lowestPinkCornerHz * 2 ** octave),
  );
  const inputs = poles.map((pole) => Math.sqrt((1 - pole * pole) / pinkOctaves));
  const states = new Float64Array(pinkOctaves);
  return () => {
    let sum = 0;
    for (let index = 0; index < pinkOctaves; index += 1) {
      const state = (poles[index] ?? 0) * (states[index] ?? 0) + (inputs[index] ?? 0) * white();
      states[index] = state;
      sum += state;
    }
    return sum;
  };
}

/** `sound`, which has power 1, at this level; a constant at full scale is 0 dBFS. */
export function atLevel(sound: Sound, dbfs: number): Sound {
  const gain = 10 ** (dbfs / 20);
  return () => gain * sound();
}

function poleAt(cornerHz: number): number {
  return Math.exp((-2 * Math.PI * cornerHz) / lineRateHz);
}

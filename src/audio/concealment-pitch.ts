/** Finds the pitch period at the end of a stretch of sound, for the concealment of what follows it. */

export interface PitchSearch {
  /** Samples between which the period lies. */
  readonly shortest: number;
  readonly longest: number;
  /** Samples at the end that are compared with those one period earlier. */
  readonly window: number;
  /** Every how many samples the first, coarse search looks. */
  readonly stride: number;
}

/** The period, in samples, at which the end of `sound` resembles what came before it most. */
export function findPitch(sound: Float32Array, search: PitchSearch): number {
  const { shortest, longest, stride } = search;
  let best = longest;
  let bestLikeness = 0;
  for (let lag = shortest; lag <= longest; lag += stride) {
    const likeness = measureLikeness(sound, lag, search);
    if (likeness > bestLikeness) {
      bestLikeness = likeness;
      best = lag;
    }
  }
  return refine(sound, best, search);
}

function refine(sound: Float32Array, coarse: number, search: PitchSearch): number {
  const { shortest, longest, stride } = search;
  const exact = { ...search, stride: 1 };
  const first = Math.max(shortest, coarse - stride + 1);
  const last = Math.min(longest, coarse + stride - 1);
  let best = coarse;
  let bestLikeness = measureLikeness(sound, coarse, exact);
  for (let lag = first; lag <= last; lag += 1) {
    const likeness = measureLikeness(sound, lag, exact);
    if (likeness > bestLikeness) {
      bestLikeness = likeness;
      best = lag;
    }
  }
  return best;
}

/** Correlation of the window with that `lag` earlier, relative to the loudness of the earlier one. */
function measureLikeness(sound: Float32Array, lag: number, search: PitchSearch): number {
  const { window, stride } = search;
  let correlation = 0;
  let energy = 0;
  for (let index = sound.length - window; index < sound.length; index += stride) {
    const earlier = sound[index - lag] ?? 0;
    correlation += (sound[index] ?? 0) * earlier;
    energy += earlier * earlier;
  }
  return energy === 0 ? 0 : correlation / Math.sqrt(energy);
}

/** Normalised correlation of the window with that `lag` earlier, 0 (nothing alike) to 1 (the same). */
export function measureResemblance(sound: Float32Array, lag: number, search: PitchSearch): number {
  let correlation = 0;
  let energy = 0;
  let earlierEnergy = 0;
  for (let index = sound.length - search.window; index < sound.length; index += 1) {
    const sample = sound[index] ?? 0;
    const earlier = sound[index - lag] ?? 0;
    correlation += sample * earlier;
    energy += sample * sample;
    earlierEnergy += earlier * earlier;
  }
  if (correlation <= 0) return 0;
  return Math.min(1, correlation / Math.sqrt(energy * earlierEnergy));
}

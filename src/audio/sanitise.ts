/** Makes samples from outside safe to compute with. */

/**
 * In place: NaN and infinities become 0, the rest is clamped to -1..1. Returns how many were not
 * finite; clamped ones are not counted, a loud caller is no fault.
 */
export function sanitiseSamples(samples: Float32Array): number {
  let replaced = 0;
  for (let index = 0; index < samples.length; index += 1) {
    const sample = samples[index] ?? 0;
    if (sample >= -1 && sample <= 1) continue;
    if (Number.isFinite(sample)) {
      samples[index] = sample > 0 ? 1 : -1;
    } else {
      samples[index] = 0;
      replaced += 1;
    }
  }
  return replaced;
}

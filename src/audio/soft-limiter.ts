/** Keeps samples within -1..1 without the harshness of clipping. */

/** Up to here, 1 dB below full scale, sound passes unchanged. */
const knee = 0.89;

/** A sample within -1..1: above the knee it is bent towards 1, which it never passes; NaN becomes 0. */
export function limitSoftly(sample: number): number {
  const magnitude = Math.abs(sample);
  if (magnitude <= knee) return sample;
  if (Number.isNaN(sample)) return 0;
  const bent = knee + (1 - knee) * Math.tanh((magnitude - knee) / (1 - knee));
  return sample < 0 ? -bent : bent;
}

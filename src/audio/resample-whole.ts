/** A whole recording at another sample rate. */
import { joinSamples } from "./join-samples.ts";
import { Resampler, type ResamplerOptions } from "./resample.ts";

/** The samples themselves where the rate is the same. */
export function resampleWhole(samples: Float32Array, rates: ResamplerOptions): Float32Array {
  if (rates.fromHz === rates.toHz) return samples;
  const resampler = new Resampler(rates);
  // A view of a buffer that the flush uses again.
  const body = resampler.process(samples).slice();
  return joinSamples([body, resampler.flush()]);
}

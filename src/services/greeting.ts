/** Loads the recording that each caller hears first. */
import { Resampler } from "../audio/resample.ts";
import { decodeWav } from "../audio/wav.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import type { Greeting } from "../outbound/playout.ts";

/**
 * Converted to `rateHz` once, so that no call has to. Throws a WildfireError("audio") that names the
 * file.
 */
export async function loadGreeting(path: string, rateHz: number): Promise<Greeting> {
  const { samples, sampleRateHz } = decodeWav(await readRecording(path), path);
  if (sampleRateHz === rateHz) return { samples, rateHz };
  const resampler = new Resampler({ fromHz: sampleRateHz, toHz: rateHz });
  const body = resampler.process(samples).slice();
  const tail = resampler.flush();
  const converted = new Float32Array(body.length + tail.length);
  converted.set(body);
  converted.set(tail, body.length);
  return { samples: converted, rateHz };
}

async function readRecording(path: string): Promise<Uint8Array> {
  try {
    return await Bun.file(path).bytes();
  } catch (error) {
    throw new WildfireError("audio", `cannot read ${quote(path, 200)}: ${describeError(error)}`, {
      cause: error,
      hint: "check --greeting",
    });
  }
}

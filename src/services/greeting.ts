/** Loads the recording that each caller hears first. */
import { resampleWhole } from "../audio/resample-whole.ts";
import { decodeWav } from "../audio/wav.ts";
import type { Greeting } from "../outbound/playout.ts";
import { readRecording } from "./recording-file.ts";

/**
 * Converted to `rateHz` once, so that no call has to. Throws a WildfireError("audio") that names the
 * file.
 */
export async function loadGreeting(path: string, rateHz: number): Promise<Greeting> {
  const { samples, sampleRateHz } = decodeWav(await readRecording(path, "--greeting"), path);
  return { samples: resampleWhole(samples, { fromHz: sampleRateHz, toHz: rateHz }), rateHz };
}

/** Recorded speech for the tests of codecs and of what happens on the way of a call. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { Resampler } from "../../src/audio/resample.ts";
import { decodeWav } from "../../src/audio/wav.ts";

const folder = join(import.meta.dir, "..", "data", "speech");
const recordedHz = 16_000;

/** All recordings one after another, 11 s. */
export async function speech(rateHz: number): Promise<Float32Array<ArrayBuffer>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".wav")).toSorted();
  const recordings = names.map(async (name) => {
    const { samples, sampleRateHz } = decodeWav(await Bun.file(join(folder, name)).bytes(), name);
    if (sampleRateHz !== recordedHz) throw new Error(`${name} is not at ${recordedHz} Hz`);
    return samples;
  });
  const all = joinSamples(await Promise.all(recordings));
  if (rateHz === recordedHz) return Float32Array.from(all);
  const resampler = new Resampler({ fromHz: recordedHz, toHz: rateHz });
  return Float32Array.from(resampler.process(all));
}

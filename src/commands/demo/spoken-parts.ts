/** Cuts a recording into what is said between its pauses; pure. */
import { levelDbfs } from "../../audio/level.ts";

const windowMs = 20;
const loudDbfs = -45;
/** Before and behind the words, so that none loses its beginning. */
const marginMs = 200;

/** Parts of the recording, in order, with a little of the pauses around them; views, not copies. */
export function spokenParts(
  samples: Float32Array,
  rateHz: number,
  pauseMs: number,
): readonly Float32Array[] {
  const windowSamples = (rateHz * windowMs) / 1000;
  const parts: { from: number; to: number }[] = [];
  for (let at = 0; at < samples.length; at += windowSamples) {
    const end = Math.min(samples.length, at + windowSamples);
    if (levelDbfs(samples.subarray(at, end)) < loudDbfs) continue;
    const last = parts.at(-1);
    if (last !== undefined && at - last.to < (rateHz * pauseMs) / 1000) last.to = end;
    else parts.push({ from: at, to: end });
  }
  const margin = (rateHz * marginMs) / 1000;
  return parts.map(({ from, to }) => samples.subarray(Math.max(0, from - margin), to + margin));
}

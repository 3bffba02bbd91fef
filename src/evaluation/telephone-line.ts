/** What a telephone line does to sound: half the bandwidth, G.711, noise, lost packets. */
import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from "../audio/g711.ts";
import { FrameLevelMeter, silenceDbfs } from "../audio/level.ts";
import { resampleWhole } from "../audio/resample-whole.ts";
import type { PseudoRandom } from "./pseudo-random.ts";

export interface TelephoneLine {
  readonly law: "mu-law" | "a-law";
  /** White noise this far below the speech, added before coding. */
  readonly snrDb?: number;
  /** Share of packets that do not arrive, 0..1; silence takes their place. */
  readonly lossShare?: number;
}

const wideRateHz = 16_000;
const telephoneRateHz = 8000;
/** 20 ms: a packet, and what the level is measured over. */
const frameSamples = 160;
/** Frames this far below the loudest are pauses, which say nothing about how loud the speech is. */
const pauseDb = 25;
const highPassHz = 20;

/** 16 kHz in, 16 kHz out, as a new array of the same length but for a sample. */
export function throughTelephone(
  samples: Float32Array,
  line: TelephoneLine,
  random: PseudoRandom,
): Float32Array {
  const narrow = resampleWhole(samples, { fromHz: wideRateHz, toHz: telephoneRateHz });
  if (line.snrDb !== undefined) addNoise(narrow, speechDbfs(narrow) - line.snrDb, random);
  codeAndDecode(narrow, line.law);
  if (line.lossShare !== undefined) losePackets(narrow, line.lossShare, random);
  return resampleWhole(narrow, { fromHz: telephoneRateHz, toHz: wideRateHz });
}

/** Mean power of the frames in which somebody speaks. */
function speechDbfs(samples: Float32Array): number {
  const levels = frameLevels(samples);
  const loudest = levels.reduce((most, level) => Math.max(most, level), silenceDbfs);
  const spoken = levels.filter((level) => level >= loudest - pauseDb);
  const power = spoken.reduce((sum, level) => sum + 10 ** (level / 10), 0);
  return spoken.length === 0 ? silenceDbfs : 10 * Math.log10(power / spoken.length);
}

/** Of whole frames; what is left at the end counts only when there is nothing else. */
function frameLevels(samples: Float32Array): number[] {
  const meter = new FrameLevelMeter(telephoneRateHz, highPassHz);
  const levels: number[] = [];
  for (let index = 0; index < samples.length; index += 1) {
    meter.add(samples[index] ?? 0);
    if ((index + 1) % frameSamples === 0) levels.push(meter.takeDbfs());
  }
  return levels.length === 0 ? [meter.takeDbfs()] : levels;
}

function addNoise(samples: Float32Array, noiseDbfs: number, random: PseudoRandom): void {
  const rms = 10 ** (noiseDbfs / 20);
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = (samples[index] ?? 0) + rms * random.gaussian();
  }
}

function codeAndDecode(samples: Float32Array, law: TelephoneLine["law"]): void {
  if (law === "mu-law") decodeMuLaw(encodeMuLaw(samples), samples);
  else decodeALaw(encodeALaw(samples), samples);
}

function losePackets(samples: Float32Array, share: number, random: PseudoRandom): void {
  for (let start = 0; start < samples.length; start += frameSamples) {
    if (random.unit() < share) samples.fill(0, start, start + frameSamples);
  }
}

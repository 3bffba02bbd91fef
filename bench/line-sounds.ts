/** What a line carries when nobody speaks, as whisper gets it: through G.711 and up to 16 kHz. */
import { decodeMuLaw, encodeMuLaw } from "../src/audio/g711.ts";
import { Resampler } from "../src/audio/resample.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import { busy, dtmf, ringBack } from "./call-tones.ts";
import { holdMusic } from "./hold-music.ts";
import { atLevel, lineRateHz, lowPassNoise, pinkNoise, type Sound } from "./noise.ts";
import { Xorshift32 } from "./xorshift.ts";

export interface LineSound {
  readonly name: string;
  /** From the beginning, at 8 kHz; always the same. */
  readonly start: () => Sound;
}

const seed = 4711;
const comfortNoise = { dbfs: -60, cornerHz: 800 } as const;
const pinkLevelsDbfs = [-50, -35, -25] as const;

export const lineSounds: readonly LineSound[] = [
  { name: "digital silence", start: () => () => 0 },
  {
    name: "comfort noise",
    start: () => atLevel(lowPassNoise(newRandom(), comfortNoise.cornerHz), comfortNoise.dbfs),
  },
  ...pinkLevelsDbfs.map((dbfs) => ({
    name: `pink noise at ${dbfs} dBFS`,
    start: () => atLevel(pinkNoise(newRandom()), dbfs),
  })),
  { name: "DTMF", start: () => dtmf(newRandom()) },
  { name: "ring-back", start: ringBack },
  { name: "busy", start: busy },
  { name: "music on hold", start: () => holdMusic(newRandom()) },
];

/** 20 ms. */
const packetSamples = lineRateHz / 50;

/**
 * The sound packet by packet, as it comes out of a telephone line: 16 kHz, valid until the next
 * packet is taken. It is at least `lengthMs` long, in whole packets, but for 5 ms of filter delay.
 */
export function* overTelephone(sound: Sound, lengthMs: number): Generator<Float32Array> {
  const packet = new Float32Array(packetSamples);
  const codes = new Uint8Array(packetSamples);
  const resampler = new Resampler({ fromHz: lineRateHz, toHz: whisperSampleRateHz });
  const packets = Math.ceil((lengthMs * lineRateHz) / 1000 / packetSamples);
  for (let count = 0; count < packets; count += 1) {
    for (let index = 0; index < packetSamples; index += 1) packet[index] = sound();
    yield resampler.process(decodeMuLaw(encodeMuLaw(packet, codes), packet));
  }
}

/** All of it at once. */
export function recordOverTelephone(sound: Sound, lengthMs: number): Float32Array {
  const recording = new Float32Array((lengthMs * whisperSampleRateHz) / 1000);
  let at = 0;
  for (const packet of overTelephone(sound, lengthMs)) {
    const fitting = packet.subarray(0, recording.length - at);
    recording.set(fitting, at);
    at += fitting.length;
  }
  return recording.subarray(0, at);
}

function newRandom(): Xorshift32 {
  return new Xorshift32(seed);
}

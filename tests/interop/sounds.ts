/** Sounds that the peers of these tests play to each other. */
import { readFileSync } from "node:fs";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { Resampler } from "../../src/audio/resample.ts";
import { decodeWav } from "../../src/audio/wav.ts";
import { tone } from "../audio/tones.ts";
import { demoCall, type Recording, sentenceWith } from "../end-to-end/speech.ts";
import type { Asterisk } from "./asterisk.ts";

export const narrowHz = 8_000;
export const markerHz = 1_000;

/** One sentence of 2.2 s. */
export const sentence = sentenceWith("Until eleven fifty.");

export interface Sound {
  readonly rateHz: number;
  readonly samples: Float32Array;
}

export function soundOf(recording: Recording): Sound {
  const audio = decodeWav(readFileSync(recording.path), recording.path);
  return { rateHz: audio.sampleRateHz, samples: audio.samples };
}

/** At 8 kHz, as a telephone has it. */
export function narrow({ rateHz, samples }: Sound): Float32Array {
  if (rateHz === narrowHz) return samples;
  const resampler = new Resampler({ fromHz: rateHz, toHz: narrowHz });
  return joinSamples([resampler.process(samples).slice(), resampler.flush()]);
}

/** A steady tone, by which a test knows who is heard. */
export function marker(seconds: number, rateHz: number = narrowHz): Float32Array {
  return tone({ hz: markerHz, rateHz, samples: seconds * rateHz });
}

/** A sound at an exchange: its name there, and what a telephone of 8 kHz should hear. */
export interface StoredSound {
  readonly name: string;
  readonly reference: Float32Array;
}

export function storeRecording(pbx: Asterisk, name: string, recording: Recording): StoredSound {
  const sound = soundOf(recording);
  return { name: pbx.storeSound(name, sound.samples, sound.rateHz), reference: narrow(sound) };
}

/** Three sentences, 13.5 s, which the demo model hears exactly. */
export const conversation = demoCall;

/** The spoken sentences that the demo model hears exactly, as files and as samples. */
import { readFileSync, writeFileSync } from "node:fs";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { Resampler } from "../../src/audio/resample.ts";
import { decodeWav } from "../../src/audio/wav.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { callerAudioRateHz } from "../../src/wire/audio-frames.ts";
import { repositoryPath } from "./executable.ts";

export interface Recording {
  readonly path: string;
  /** What the caller says, utterance by utterance. */
  readonly texts: readonly string[];
}

const folder = "tests/data/speech";

/** One sentence each, shortest text first. */
export const sentences: readonly Recording[] = readFileSync(
  repositoryPath(`${folder}/transcripts.tsv`),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => {
    const [name = "", text = ""] = line.split("\t");
    return { path: repositoryPath(`${folder}/${name}`), texts: [text] };
  });

/** 13.5 s with three sentences and pauses between them, at 8 kHz. */
export const demoCall: Recording = {
  path: repositoryPath("models/demo/demo-call.wav"),
  texts: [
    "Hi I would like to confirm my call tonight.",
    "Book a meeting on Friday at two in the evening.",
    "No the number is six one seven two nine seven nine.",
  ],
};

/** 1.2 s. */
export const shortest: Recording = sentenceWith("Two four six.");

export function sentenceWith(text: string): Recording {
  const found = sentences.find((sentence) => sentence.texts[0] === text);
  if (found === undefined) throw new Error(`no recording says "${text}"`);
  return found;
}

/** Mono, 16 kHz. */
export function samplesOf(recording: Recording): Float32Array {
  const audio = decodeWav(readFileSync(recording.path), recording.path);
  if (audio.sampleRateHz === callerAudioRateHz) return audio.samples;
  const resampler = new Resampler({ fromHz: audio.sampleRateHz, toHz: callerAudioRateHz });
  return joinSamples([resampler.process(audio.samples).slice(), resampler.flush()]);
}

export function silence(ms: number): Float32Array {
  return new Float32Array((ms * callerAudioRateHz) / 1000);
}

export interface Pauses {
  /** In front of each sentence. */
  readonly pauseMs: number;
  /** At the end. */
  readonly tailMs: number;
}

/** Writes one recording of all of them. */
export function writeConversation(
  path: string,
  recordings: readonly Recording[],
  pauses: Pauses = { pauseMs: 900, tailMs: 900 },
): Recording {
  const parts = recordings.flatMap((recording) => [silence(pauses.pauseMs), samplesOf(recording)]);
  const samples = joinSamples([...parts, silence(pauses.tailMs)]);
  writeFileSync(path, encodeWav(samples, callerAudioRateHz));
  return { path, texts: recordings.flatMap((recording) => recording.texts) };
}

/** What callers say in the benches: the recordings of the tests, and calls made of them. */
import { joinSamples } from "../src/audio/join-samples.ts";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { levelDbfs } from "../src/audio/level.ts";
import type { Spoken } from "../src/evaluation/evaluation.ts";
import { listRecordings } from "../src/evaluation/recording-folder.ts";
import { readRecording } from "../src/evaluation/recording.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import type { Xorshift32 } from "./xorshift.ts";

const speechFolder = join(import.meta.dir, "..", "tests", "data", "speech");

export interface Sentence {
  readonly name: string;
  readonly text: string;
  /** Mono at 16 kHz; begins and ends with sound. */
  readonly samples: Float32Array;
}

/** One sentence each, shortest first. */
export async function sentences(): Promise<Sentence[]> {
  const all = (await recordings()).map(async (recording) => ({
    name: recording.name,
    text: recording.text,
    samples: withoutQuietEnds(await readRecording(recording)),
  }));
  return (await Promise.all(all)).toSorted((a, b) => a.samples.length - b.samples.length);
}

/** Their files. */
export async function recordings(): Promise<readonly Spoken[]> {
  return (await listRecordings(speechFolder, refuse)).recordings;
}

/** A recording of the project's own that cannot be used is a fault. */
export function refuse(reason: string): never {
  throw new Error(`${speechFolder}: ${reason}`);
}

/** The n-th of them, from 0, and after the last one the first again. */
export function inTurn<T>(all: readonly T[], index: number): T {
  const chosen = all[index % all.length];
  if (chosen === undefined) throw new RangeError("there is nothing to choose from");
  return chosen;
}

/** The longest sentence of the tests, and silence behind it. */
export async function longestSentence(seconds: number): Promise<Float32Array> {
  const all = await sentences();
  return ofLength(inTurn(all, all.length - 1).samples, seconds);
}

/** 10 ms. */
const levelSamples = 160;
/** Below the loudest 10 ms: what is softer nobody hears on a telephone. */
const audibleDb = 40;

/** From the first to the last 10 ms that can be heard. */
export function withoutQuietEnds(samples: Float32Array): Float32Array {
  const levels: number[] = [];
  for (let at = 0; at < samples.length; at += levelSamples) {
    levels.push(levelDbfs(samples.subarray(at, at + levelSamples)));
  }
  const leastDbfs = Math.max(...levels) - audibleDb;
  const isAudible = (level: number): boolean => level >= leastDbfs;
  const first = Math.max(0, levels.findIndex(isAudible));
  return samples.slice(first * levelSamples, (levels.findLastIndex(isAudible) + 1) * levelSamples);
}

/** Shorter than any silence that ends an utterance, and long enough to look like one at first. */
const breathMs = 150;

/**
 * Each sentence alone, and with a breath between them the longest pairs within a limit; by turns, so
 * that a few of the first hold both kinds.
 */
export function alsoInPairs(all: readonly Float32Array[], maxSeconds: number): Float32Array[] {
  const breath = new Float32Array((breathMs * whisperSampleRateHz) / 1000);
  const maxSamples = maxSeconds * whisperSampleRateHz - breath.length;
  return all.flatMap((first, index) => {
    const fits = (other: Float32Array): boolean => first.length + other.length <= maxSamples;
    const second = all.slice(index + 1).findLast(fits);
    return second === undefined ? [first] : [first, joinSamples([first, breath, second])];
  });
}

/** Pads or cuts at the end. */
export function ofLength(samples: Float32Array, seconds: number): Float32Array {
  const fixed = new Float32Array(seconds * whisperSampleRateHz);
  fixed.set(samples.subarray(0, fixed.length));
  return fixed;
}

/** Files of float32 samples, one for each utterance. */
export async function writeUtterances(
  folder: string,
  utterances: readonly Float32Array[],
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  return await Promise.all(
    utterances.map(async (samples, index) => {
      const path = join(folder, `utterance-${index}.f32`);
      await Bun.write(path, samples);
      return path;
    }),
  );
}

export interface SpokenLine {
  readonly samples: Float32Array<ArrayBuffer>;
  /** Where the sound of each utterance ends, exclusive. */
  readonly soundEnds: readonly number[];
}

export interface LineOptions {
  readonly utterances: readonly Float32Array[];
  /** Before each utterance and at the end, at least. */
  readonly leastPauseMs: number;
  /** Up to so much more, so that ends of utterances fall anywhere in packets and windows. */
  readonly extraPauseMs: number;
  /** Of the noise that is always there. */
  readonly noiseAmplitude: number;
  readonly random: Xorshift32;
}

/** One caller's sound for a while: utterances with pauses between them. */
export function speakInTurn(options: LineOptions): SpokenLine {
  const { utterances, random } = options;
  const starts: number[] = [];
  let length = pauseSamples(options);
  for (const utterance of utterances) {
    starts.push(length);
    length += utterance.length + pauseSamples(options);
  }
  const noise = (): number => (random.unit() * 2 - 1) * options.noiseAmplitude;
  const samples = Float32Array.from({ length }, noise);
  for (const [index, utterance] of utterances.entries()) {
    const start = starts[index] ?? 0;
    for (const [offset, sample] of utterance.entries()) {
      samples[start + offset] = (samples[start + offset] ?? 0) + sample;
    }
  }
  const soundEnds = utterances.map((utterance, index) => (starts[index] ?? 0) + utterance.length);
  return { samples, soundEnds };
}

function pauseSamples({ leastPauseMs, extraPauseMs, random }: LineOptions): number {
  return Math.round(((leastPauseMs + random.unit() * extraPauseMs) * whisperSampleRateHz) / 1000);
}

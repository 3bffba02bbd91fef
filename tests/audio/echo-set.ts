/** Calls for the echo guard: who speaks what and when, and over which lines. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Resampler } from "../../src/audio/resample.ts";
import { decodeWav } from "../../src/audio/wav.ts";
import { type EchoLine, packetSamples } from "./echo-line.ts";

const folder = join(import.meta.dir, "..", "data", "speech");
const samplesPerMs = 8;
export const agentDbfs = -20;

/** Six people, each with a sentence, at 8 kHz and -20 dBFS. */
export async function loadVoices(): Promise<Float32Array[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".wav")).toSorted();
  const loading = names.map(async (name) => {
    const { samples, sampleRateHz } = decodeWav(await Bun.file(join(folder, name)).bytes(), name);
    const resampler = new Resampler({ fromHz: sampleRateHz, toHz: 1000 * samplesPerMs });
    return atLevel(resampler.process(samples), agentDbfs);
  });
  return Promise.all(loading);
}

/** The same with so much power while somebody speaks. */
export function atLevel(samples: Float32Array, dbfs: number): Float32Array {
  const powers = packetPowers(samples);
  const spoken = powers.filter((power) => power > Math.max(...powers) * 10 ** -2.5);
  const mean = spoken.reduce((sum, power) => sum + power, 0) / spoken.length;
  const gain = Math.sqrt(10 ** (dbfs / 10) / mean);
  return samples.map((sample) => gain * sample);
}

function packetPowers(samples: Float32Array): number[] {
  const count = Math.floor(samples.length / packetSamples);
  return Array.from({ length: count }, (_, packet) => powerOf(samples, packet * packetSamples));
}

function powerOf(samples: Float32Array, from: number): number {
  let sum = 0;
  for (let index = 0; index < packetSamples; index += 1) sum += (samples[from + index] ?? 0) ** 2;
  return sum / packetSamples;
}

/** Sentences after half a second of silence, with 300 ms behind each, in whole packets. */
export function sayAll(sentences: readonly Float32Array[]): Float32Array {
  const gap = 300 * samplesPerMs;
  const lead = 500 * samplesPerMs;
  const length = sentences.reduce((sum, { length: samples }) => sum + samples + gap, lead);
  const all = new Float32Array(Math.ceil(length / packetSamples) * packetSamples);
  let at = lead;
  for (const sentence of sentences) {
    all.set(sentence, at);
    at += sentence.length + gap;
  }
  return all;
}

/** A sentence at some time of a call. */
export function sayAt(sentence: Float32Array, at: number, length: number): Float32Array {
  const all = new Float32Array(length);
  all.set(sentence.subarray(0, length - at), at);
  return all;
}

/** Where a voice is within 10 dB of its level for the first time, for 40 ms. */
export function onsetOf(samples: Float32Array, dbfs: number): number {
  const least = 10 ** ((dbfs - 10) / 10);
  for (let at = 0; at + 2 * packetSamples <= samples.length; at += 40) {
    if (powerOf(samples, at) > least && powerOf(samples, at + packetSamples) > least) return at;
  }
  throw new Error("nobody speaks");
}

/** Those of a list by turns, from one on. */
export function turn<T>(items: readonly T[], from: number, steps: readonly number[]): T[] {
  return steps.flatMap((step) => items[(from + step) % items.length] ?? []);
}

const lossesDb = [6, 10, 14, 18, 24, 32, 40];
const delaysMs = [5, 40, 90, 160, 250, 350, 500];
const ways = ["hybrid", "room", "distorted", "mobile"] as const;
const jumpsMs = [40, -5, 0, 20, -40];

/** Each loss with each way, all delays, both laws. */
export function makeLines(count: number): EchoLine[] {
  return Array.from({ length: count }, (_, index) => {
    const delayMs = delaysMs[(3 * index + Math.floor(index / 7)) % delaysMs.length] ?? 0;
    const jumpMs = jumpsMs[index % jumpsMs.length] ?? 0;
    return {
      law: index % 2 === 0 ? "mu-law" : "a-law",
      lossDb: lossesDb[index % lossesDb.length] ?? 0,
      delayMs,
      way: ways[index % ways.length] ?? "hybrid",
      noiseDbfs: -50 - (index % 3) * 6,
      jumpMs: delayMs + jumpMs < 0 ? -jumpMs : jumpMs,
      jitterMs: (index % 4) * 20,
      seed: index + 1,
    };
  });
}

/** Callers on lines that return nothing, who answer the agent quickly or speak over it. */
import { joinSamples } from "../../src/audio/join-samples.ts";
import { ComfortNoise } from "../../src/audio/comfort-noise.ts";
import { EchoGuard } from "../../src/audio/echo-guard.ts";
import { decodeALaw, encodeALaw } from "../../src/audio/g711.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { frameSamples, packetSamples, throughGuard, wideDelay } from "./echo-line.ts";
import { agentDbfs, atLevel, onsetOf, sayAt, turn } from "./echo-set.ts";
import { noise } from "./tones.ts";

const samplesPerMs = 8;

export interface Reply {
  /** How long the agent speaks. */
  readonly agentMs: number;
  /** From the agent's first sound to the caller's. */
  readonly afterMs: number;
  readonly callerDbfs: number;
  readonly line: SilentLine;
  /** Which voices, and how late packets are. */
  readonly index: number;
}

export interface SilentLine {
  readonly noise: "white" | "comfort";
  readonly noiseDbfs: number;
}

export const silentLines: readonly SilentLine[] = [
  { noise: "white", noiseDbfs: -60 },
  { noise: "white", noiseDbfs: -50 },
  { noise: "comfort", noiseDbfs: -60 },
  { noise: "comfort", noiseDbfs: -50 },
];

export interface Hearing {
  /** Share of the caller's energy that was never given. */
  readonly lost: number;
  /** From the caller's first sound until it is given. */
  readonly lateMs: number;
}

/** What is heard of a caller who speaks so soon. */
export function hearReply(voices: readonly Float32Array[], reply: Reply): Hearing {
  const { index, callerDbfs, line } = reply;
  const greeting = agentSound(voices, reply);
  const sentence = fromOnset(
    atLevel(turn(voices, index, [2])[0] ?? greeting, callerDbfs),
    callerDbfs,
  );
  const lead = (index % 2 === 0 ? 500 : 120) * samplesPerMs;
  const at = lead + reply.afterMs * samplesPerMs + ((37 * index) % packetSamples);
  const end = Math.max(at + sentence.length, lead + greeting.length) + 10 * packetSamples;
  const length = Math.ceil(end / packetSamples) * packetSamples;
  const agent = sayAt(greeting, lead, length);
  const caller = sayAt(sentence, at, length);
  const hiss = lineNoise(line, length, index + 1);
  const near = caller.map((sample, place) => sample + (hiss[place] ?? 0));
  const jitter = { jitterMs: (index % 3) * 20, seed: index + 1 };
  const guard = new EchoGuard({ rateHz: 8000 });
  const call = throughGuard(guard, agent, decodeALaw(encodeALaw(near)), jitter);
  return measure(call, caller, at);
}

/** Speech from its first loud sound on, which breaks off after so long. */
function agentSound(voices: readonly Float32Array[], { agentMs, index }: Reply): Float32Array {
  const sentences = turn(voices, index, [0, 1, 3, 4]).map((voice) => fromOnset(voice, agentDbfs));
  return joinSamples(sentences).slice(0, agentMs * samplesPerMs);
}

function fromOnset(samples: Float32Array, dbfs: number): Float32Array {
  return samples.subarray(onsetOf(samples, dbfs));
}

function lineNoise(line: SilentLine, length: number, seed: number): Float32Array {
  if (line.noise === "white") return noise(length, line.noiseDbfs, seed);
  const random = new SeededRandom(seed);
  const comfort = new ComfortNoise(() => random.unit());
  // A level and two reflection coefficients: noise that falls off towards high frequencies.
  comfort.describe(Uint8Array.of(-line.noiseDbfs, 60, 140), 3);
  const samples = new Float32Array(length);
  comfort.generate(samples, length);
  return samples;
}

function measure(
  { before, after, late }: ReturnType<typeof throughGuard>,
  caller: Float32Array,
  at: number,
): Hearing {
  const isGiven = givenFrames(before, after);
  const onset = at + wideDelay;
  let all = 0;
  let lost = 0;
  for (let index = at; index < caller.length; index += 1) {
    const energy = (caller[index] ?? 0) ** 2;
    all += energy;
    if (isGiven[Math.floor((index + wideDelay) / packetSamples)] === false) lost += energy;
  }
  const first = isGiven.indexOf(true, Math.floor(onset / packetSamples));
  if (first < 0) return { lost: lost / all, lateMs: Number.POSITIVE_INFINITY };
  const given = (first + (late[first] ?? 0)) * packetSamples;
  return { lost: lost / all, lateMs: Math.max(0, given - onset) / samplesPerMs };
}

/** Which frames came through as they were. */
export function givenFrames(before: Float32Array, after: Float32Array): boolean[] {
  return Array.from({ length: before.length / frameSamples }, (_, frame) => {
    const start = frame * frameSamples;
    const end = start + frameSamples;
    return before.subarray(start, end).every((sample, place) => sample === after[start + place]);
  });
}

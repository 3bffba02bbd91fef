/** Telephone lines that return a share of what is played: hybrids, loudspeakers, codecs, noise, late packets. */
import { joinSamples } from "../../src/audio/join-samples.ts";
import type { EchoGuard } from "../../src/audio/echo-guard.ts";
import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from "../../src/audio/g711.ts";
import { HalfbandUpsampler } from "../../src/audio/halfband-upsampler.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

export interface EchoLine {
  readonly law: "mu-law" | "a-law";
  /** How much weaker the echo of all that is said is than that. */
  readonly lossDb: number;
  /** Of the line; packets add 20 ms. */
  readonly delayMs: number;
  /** A hybrid, a hands-free room, the same with a loudspeaker that distorts, a hybrid behind a poor codec. */
  readonly way: "hybrid" | "room" | "distorted" | "mobile";
  readonly noiseDbfs: number;
  /** In the middle of the sound the delay changes by this much. */
  readonly jumpMs: number;
  /** Packets come up to so much late, all that wait at once. */
  readonly jitterMs: number;
  readonly seed: number;
}

const rateHz = 8000;
/** 20 ms. */
export const packetSamples = 160;
/** The same at 16 kHz. */
export const frameSamples = 2 * packetSamples;

/** What the caller's side sends while `agent` is played and `caller` speaks, all at 8 kHz. */
export function throughLine(
  agent: Float32Array,
  caller: Float32Array,
  line: EchoLine,
): Float32Array {
  const random = new SeededRandom(line.seed);
  const echo = echoOf(agent, line, random);
  const amplitude = 10 ** (line.noiseDbfs / 20) * Math.sqrt(3);
  const mixed = echo.map(
    (sample, index) => sample + (caller[index] ?? 0) + amplitude * (2 * random.unit() - 1),
  );
  return throughCodec(mixed, line.law);
}

function throughCodec(samples: Float32Array, law: EchoLine["law"]): Float32Array {
  return law === "mu-law" ? decodeMuLaw(encodeMuLaw(samples)) : decodeALaw(encodeALaw(samples));
}

function echoOf(agent: Float32Array, line: EchoLine, random: SeededRandom): Float32Array {
  const echo = returned(throughCodec(agent, line.law), line, random);
  const gain = 10 ** (-line.lossDb / 20) * Math.sqrt(energy(agent) / energy(echo));
  const delay = Math.round((line.delayMs * rateHz) / 1000);
  const jump = Math.round((line.jumpMs * rateHz) / 1000);
  return echo.map((_, index) => {
    const shift = index < echo.length / 2 ? delay : delay + jump;
    return gain * (echo[index - shift] ?? 0);
  });
}

function returned(sound: Float32Array, line: EchoLine, random: SeededRandom): Float32Array {
  switch (line.way) {
    case "hybrid":
      return convolve(sound, response(48, 8, random));
    case "room":
      return convolve(sound, response(480, 120, random));
    case "distorted":
      return convolve(sound.map(overdrive), response(480, 120, random));
    case "mobile":
      return coarse(convolve(coarse(sound), response(48, 8, random)));
  }
}

/** A loudspeaker that is driven 10 dB too hard. */
function overdrive(sample: number): number {
  return 0.15 * Math.tanh(sample / 0.15);
}

function energy(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0);
}

/** Taps that die away by 1/e in `decay` of them. */
function response(length: number, decay: number, random: SeededRandom): Float32Array {
  const taps = Float32Array.from(
    { length },
    (_, tap) => (2 * random.unit() - 1) * Math.exp(-tap / decay),
  );
  taps[0] = 1;
  return taps;
}

function convolve(samples: Float32Array, taps: Float32Array): Float32Array {
  const out = new Float32Array(samples.length);
  for (let index = 0; index < samples.length; index += 1) {
    const most = Math.min(taps.length, index + 1);
    let sum = 0;
    for (let tap = 0; tap < most; tap += 1) sum += (taps[tap] ?? 0) * (samples[index - tap] ?? 0);
    out[index] = sum;
  }
  return out;
}

/** About what a codec of few bits does: each 5 ms in steps nearly as large as their own loudness. */
function coarse(samples: Float32Array): Float32Array {
  const out = new Float32Array(samples.length);
  for (let start = 0; start < samples.length; start += 40) {
    const block = samples.subarray(start, start + 40);
    const step = Math.sqrt(energy(block) / block.length) * 0.8;
    for (const [index, sample] of block.entries()) {
      out[start + index] = step > 0 ? Math.round(sample / step) * step : 0;
    }
  }
  return out;
}

export interface GuardedCall {
  /** At 16 kHz: 64 samples behind what the line brought. */
  readonly before: Float32Array;
  /** What was made of that, each sample in its place. */
  readonly after: Float32Array;
  /** The same in the order in which it was given: what was given late comes twice, damped at first. */
  readonly given: Float32Array;
  /** By how many frames each frame was given late. */
  readonly late: readonly number[];
}

/** Latency of the way to 16 kHz, in samples at 8 kHz. */
export const wideDelay = HalfbandUpsampler.delaySamples;

/** Plays and hears in real time, at 8 kHz: what comes late comes in bursts. */
export function throughGuard(
  guard: EchoGuard,
  agent: Float32Array,
  near: Float32Array,
  line: Pick<EchoLine, "jitterMs" | "seed">,
): GuardedCall {
  const random = new SeededRandom(line.seed + 77);
  const before = upsample(near);
  const ear = new Ear(guard, before);
  const packets = Math.floor(near.length / packetSamples);
  let lateUntil = 0;
  for (let packet = 0; packet < packets; packet += 1) {
    guard.played(packetOf(agent, packet, packetSamples));
    const isLate = packet >= lateUntil && random.unit() < 0.1;
    if (isLate) lateUntil = packet + Math.round((line.jitterMs * random.unit()) / 20);
    if (packet < lateUntil) continue;
    // A packet leaves when its last sample has been heard.
    while (ear.frames < packet) ear.hear();
  }
  return ear.end();
}

/** Listens to a guard, frame by frame. */
class Ear {
  readonly #guard: EchoGuard;
  readonly #before: Float32Array;
  readonly #after: Float32Array;
  readonly #given: Float32Array[] = [];
  readonly #late: number[] = [];

  constructor(guard: EchoGuard, before: Float32Array) {
    this.#guard = guard;
    this.#before = before;
    this.#after = new Float32Array(before.length);
  }

  get frames(): number {
    return this.#late.length;
  }

  hear(): void {
    const { frames } = this;
    const frame = packetOf(this.#before, frames, frameSamples).slice();
    const given = this.#guard.clean(frame).slice();
    const lateFrames = given.length / frameSamples - 1;
    this.#after.set(given, (frames - lateFrames) * frameSamples);
    this.#given.push(given);
    this.#late.push(0);
    for (let late = 1; late <= lateFrames; late += 1) this.#late[frames - late] = late;
  }

  end(): GuardedCall {
    const length = this.frames * frameSamples;
    return {
      before: this.#before.subarray(0, length),
      after: this.#after.subarray(0, length),
      given: joinSamples(this.#given),
      late: this.#late,
    };
  }
}

function packetOf(samples: Float32Array, packet: number, length: number): Float32Array {
  return samples.subarray(packet * length, (packet + 1) * length);
}

function upsample(samples: Float32Array): Float32Array {
  const upsampler = new HalfbandUpsampler(packetSamples);
  const out = new Float32Array(2 * samples.length);
  for (let at = 0; at + packetSamples <= samples.length; at += packetSamples) {
    upsampler.process(samples.subarray(at, at + packetSamples), packetSamples, out, 2 * at);
  }
  return out;
}

import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { EchoGuard } from "../../src/audio/echo-guard.ts";
import { type EchoLine, throughGuard, throughLine } from "./echo-line.ts";
import { atLevel, loadVoices, sayAll, sayAt, turn } from "./echo-set.ts";
import { noise } from "./tones.ts";

setDefaultTimeout(30_000);

const line: EchoLine = {
  law: "a-law",
  lossDb: 18,
  delayMs: 120,
  way: "hybrid",
  noiseDbfs: -60,
  jumpMs: 0,
  jitterMs: 0,
  seed: 1,
};
const frameSamples = 320;
const noCaller = new Float32Array(0);
/** A frame in three pieces. */
const blocks = [
  [0, 7],
  [7, 200],
  [200, 320],
] as const;

let voices: Float32Array[];
let agent: Float32Array;

beforeAll(async () => {
  voices = await loadVoices();
  agent = sayAll(turn(voices, 0, [0, 1, 3, 4, 5]));
});

/** Share of the frames from `fromMs` on that are other than before. */
function changedShare(before: Float32Array, after: Float32Array, fromMs = 0): number {
  let changed = 0;
  let frames = 0;
  for (let at = 16 * fromMs; at < before.length; at += frameSamples) {
    frames += 1;
    const frame = before.subarray(at, at + frameSamples);
    if (frame.some((sample, index) => sample !== after[at + index])) changed += 1;
  }
  return changed / frames;
}

function guardCall(played: Float32Array, near: Float32Array, jitterMs = 0) {
  const guard = new EchoGuard({ rateHz: 8000 });
  return { guard, ...throughGuard(guard, played, near, { jitterMs, seed: 3 }) };
}

describe("the echo guard", () => {
  test("changes nothing while nothing is played, whatever comes in", () => {
    const loud = joinSamples([agent, noise(8000, -3), new Float32Array(8000).fill(Number.NaN)]);
    const { before, after } = guardCall(new Float32Array(loud.length), loud);
    expect(new Uint8Array(after.slice().buffer)).toEqual(new Uint8Array(before.slice().buffer));
  });

  test("changes nothing when the agent has been silent for a second", () => {
    const played = joinSamples([agent, new Float32Array(agent.length)]);
    const caller = joinSamples([new Float32Array(agent.length), agent]);
    const { before, after } = guardCall(played, throughLine(played, caller, line));
    expect(changedShare(before, after, agent.length / 8 + 1000)).toBe(0);
    expect(changedShare(before, after)).toBeGreaterThan(0.2);
  });

  test("finds the delay and the loss of an echo, and takes most of it off", () => {
    const { guard } = guardCall(agent, throughLine(agent, noCaller, line));
    const { delayMs = 0, lossDb = 0, cancelledDb, frames, dampedFrames } = guard.status();
    expect(Math.abs(delayMs - line.delayMs - 20)).toBeLessThanOrEqual(20);
    expect(lossDb).toBeGreaterThan(10);
    expect(lossDb).toBeLessThan(22);
    expect(cancelledDb).toBeGreaterThan(8);
    expect(frames).toBe(agent.length / 160 - 1);
    expect(dampedFrames).toBeGreaterThan(frames / 2);
  });

  test("finds none where there is none, and soon lets a quiet caller pass over the agent", () => {
    const played = sayAll(turn(voices, 2, [0, 3, 0, 3, 0, 1]));
    const sentence = atLevel(turn(voices, 2, [2])[0] ?? noCaller, -35);
    const caller = sayAt(sentence, 8 * 5000, played.length);
    const near = throughLine(played, caller, { ...line, lossDb: 150 });
    const { guard, before, after } = guardCall(played, near);
    expect(guard.status().delayMs).toBeUndefined();
    let all = 0;
    let passed = 0;
    for (let index = 16 * 5000; index < before.length; index += 1) {
      const power = (before[index] ?? 0) ** 2;
      all += power;
      if (before[index] === after[index]) passed += power;
    }
    expect(passed / all).toBeGreaterThan(0.9);
  });

  test("follows an echo whose delay jumps", () => {
    const { guard } = guardCall(agent, throughLine(agent, noCaller, { ...line, jumpMs: 40 }));
    const { delayMs = 0, jumps } = guard.status();
    expect(Math.abs(delayMs - line.delayMs - 60)).toBeLessThanOrEqual(20);
    expect(jumps).toBeGreaterThan(0);
  });

  test("damps as much in blocks of any size, and holds back less than a frame", () => {
    const { before, after } = guardCall(agent, throughLine(agent, noCaller, line));
    const guard = new EchoGuard({ rateHz: 8000 });
    const parts: Float32Array[] = [];
    guard.played(agent.subarray(0, 160));
    for (let at = 0; at < before.length; at += frameSamples) {
      guard.played(agent.subarray(at / 2 + 160, at / 2 + 320));
      for (const [from, to] of blocks) {
        parts.push(guard.clean(before.slice(at + from, at + to)).slice());
      }
      const given = parts.reduce((sum, part) => sum + part.length, 0);
      expect(at + frameSamples - given).toBeLessThan(frameSamples);
    }
    const together = joinSamples(parts);
    expect(loudFrames(before)).toBeGreaterThan(100);
    expect(loudFrames(after)).toBe(0);
    expect(loudFrames(together)).toBe(0);
    // Half a second at the beginning, when nothing was played yet.
    expect(together.subarray(0, 8000)).toEqual(before.subarray(0, 8000));
  });

  test("takes silence as a count for the same as silent samples", () => {
    const near = throughLine(agent, noCaller, line);
    const counted = new EchoGuard({ rateHz: 8000 });
    const written = new EchoGuard({ rateHz: 8000 });
    for (let at = 0; at < agent.length; at += 160) {
      const frame = agent.subarray(at, at + 160);
      written.played(frame);
      if (frame.every((sample) => sample === 0)) counted.played(undefined, 160);
      else counted.played(frame);
      const block = new Float32Array(frameSamples);
      for (let index = 0; index < frameSamples; index += 1) {
        block[index] = near[at + (index >> 1)] ?? 0;
      }
      expect(counted.clean(block.slice())).toEqual(written.clean(block));
    }
    expect(written.status().dampedFrames).toBeGreaterThan(0);
  });
});

describe("an echo is still damped", () => {
  test("when both clocks differ by 300 millionths", () => {
    const played = joinSamples([agent, agent, agent, agent]);
    const near = throughLine(played, noCaller, line);
    const slow = new Float32Array(Math.floor((near.length * 0.9997) / 160) * 160);
    for (let index = 0; index < slow.length; index += 1) {
      const place = index / 0.9997;
      const first = Math.floor(place);
      const share = place - first;
      slow[index] = (1 - share) * (near[first] ?? 0) + share * (near[first + 1] ?? 0);
    }
    const { guard, before, after } = guardCall(played, slow, 60);
    expect(loudFrames(before)).toBeGreaterThan(500);
    expect(loudFrames(after)).toBeLessThan(5);
    expect(guard.status().delayMs).toBeNumber();
  });

  test("when the caller's sound was missing for some seconds", () => {
    const played = joinSamples([agent, agent, agent, agent]);
    const near = throughLine(played, noCaller, line);
    const guard = new EchoGuard({ rateHz: 8000 });
    const head = Math.floor(near.length / 320) * 160;
    const first = throughGuard(guard, played.subarray(0, head), near.subarray(0, head), line);
    const gap = 5 * 8000;
    for (let at = head; at < head + gap; at += 160) guard.played(played.subarray(at, at + 160));
    const rest = throughGuard(guard, played.subarray(head + gap), near.subarray(head + gap), line);
    expect(loudFrames(first.after)).toBe(0);
    expect(loudFrames(rest.before)).toBeGreaterThan(100);
    expect(loudFrames(rest.after)).toBeLessThan(5);
  });

  test("a moment after the line was switched to loudspeaker", () => {
    const played = joinSamples([agent, agent, agent, agent]);
    const quiet = throughLine(played, noCaller, { ...line, lossDb: 35 });
    const loud = throughLine(played, noCaller, { ...line, lossDb: 12, way: "room" });
    const switchMs = Math.floor(played.length / 16 / 20) * 20;
    const near = joinSamples([quiet.subarray(0, switchMs * 8), loud.subarray(switchMs * 8)]);
    const { before, after } = guardCall(played, near);
    const settled = 16 * (switchMs + 4000);
    expect(loudFrames(before.subarray(settled))).toBeGreaterThan(100);
    expect(loudFrames(after.subarray(settled))).toBe(0);
  });

  test("when the line is at 16 kHz", () => {
    const near = throughLine(agent, noCaller, line);
    const guard = new EchoGuard({ rateHz: 16_000 });
    const before = toWide(near);
    const played = toWide(agent);
    const after = before.slice();
    for (let at = 0; at < before.length; at += frameSamples) {
      guard.played(played.subarray(at, at + frameSamples));
      guard.clean(after.subarray(at, at + frameSamples));
    }
    expect(loudFrames(before)).toBeGreaterThan(50);
    expect(loudFrames(after)).toBe(0);
    expect(guard.status().delayMs).toBeNumber();
  });
});

/** Frames louder than -45 dBFS. */
function loudFrames(samples: Float32Array): number {
  let loud = 0;
  for (let at = 0; at < samples.length; at += frameSamples) {
    let sum = 0;
    for (const sample of samples.subarray(at, at + frameSamples)) sum += sample * sample;
    if (sum / frameSamples > 10 ** -4.5) loud += 1;
  }
  return loud;
}

/** At twice the rate, by straight lines. */
function toWide(samples: Float32Array): Float32Array {
  return Float32Array.from({ length: 2 * samples.length }, (_, index) => {
    const next = samples[(index + 1) >> 1] ?? 0;
    return 0.5 * ((samples[index >> 1] ?? 0) + next);
  });
}

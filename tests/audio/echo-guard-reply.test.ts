/** The echo guard on lines that return nothing: a caller who answers at once is heard from the first word on. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { EchoGuard } from "../../src/audio/echo-guard.ts";
import { frameSamples } from "./echo-line.ts";
import { type Hearing, hearReply, type Reply, silentLines } from "./echo-replies.ts";
import { loadVoices } from "./echo-set.ts";
import { noise } from "./tones.ts";

setDefaultTimeout(120_000);

const levels = [-20, -25, -30];
const noSound = new Float32Array(0);
const indexes = [0, 1, 2, 3, 4, 5];

let voices: Float32Array[];

beforeAll(async () => {
  voices = await loadVoices();
});

type Case = Reply & Hearing;

/** Each voice on each line, at each level. */
function hearAll(agentMs: number, aftersMs: readonly number[]): Case[] {
  return aftersMs.flatMap((afterMs) =>
    silentLines.flatMap((line) =>
      levels.flatMap((callerDbfs) =>
        indexes.map((index) => {
          const reply = { agentMs, afterMs, callerDbfs, line, index };
          return { ...reply, ...hearReply(voices, reply) };
        }),
      ),
    ),
  );
}

/** So loud on such a line that no word is near the noise. */
function isClear({ callerDbfs, line }: Reply): boolean {
  return callerDbfs - line.noiseDbfs > 25;
}

function meanLost(cases: readonly Case[]): number {
  return cases.reduce((sum, { lost }) => sum + lost, 0) / cases.length;
}

describe("a caller who answers a greeting", () => {
  test.each([850, 1500])("of %d ms loses nothing, and is heard at once", (agentMs) => {
    const cases = hearAll(
      agentMs,
      [100, 150, 200, 300, 400].map((gapMs) => agentMs + gapMs),
    );
    expect(cases.filter(({ lost }) => lost > 0.02)).toEqual([]);
    const late = cases.filter(({ lateMs }) => lateMs > 40);
    expect(late.filter(isClear)).toEqual([]);
    expect(late.length).toBeLessThan(0.02 * cases.length);
  });

  test.each([850, 1500])("of %d ms before it has ended loses next to nothing", (agentMs) => {
    const cases = hearAll(
      agentMs,
      [0, 50].map((gapMs) => agentMs + gapMs),
    );
    expect(meanLost(cases)).toBeLessThan(0.01);
    expect(cases.filter((one) => isClear(one) && one.lost > 0.02)).toEqual([]);
  });

  test("of half a second loses nothing, even when an echo could begin at the same time", () => {
    const cases = hearAll(
      500,
      [0, 50, 100, 150, 200, 300, 400].map((gapMs) => 500 + gapMs),
    );
    expect(cases.filter((one) => isClear(one) && one.lost > 0.02)).toEqual([]);
    expect(meanLost(cases)).toBeLessThan(0.02);
    const late = cases.filter(({ lateMs }) => lateMs > 100);
    expect(late.length).toBeLessThan(0.15 * cases.length);
  });
});

describe("a caller who speaks over the agent", () => {
  test.each([1000, 2000])("%d ms after its first word is heard at once", (afterMs) => {
    const cases = hearAll(5000, [afterMs]);
    expect(cases.filter(({ lost }) => lost > 0.02)).toEqual([]);
    expect(cases.filter((one) => isClear(one) && one.lateMs > 40)).toEqual([]);
  });

  test("half a second after its first word is heard whole, if late", () => {
    const cases = hearAll(5000, [500]);
    expect(cases.filter((one) => isClear(one) && one.lost > 0.02)).toEqual([]);
    const late = cases.filter(({ lateMs }) => lateMs > 100);
    expect(late.length).toBeLessThan(0.25 * cases.length);
  });
});

/** The agent speaks for half a second, then the caller: as loud, at a time when an echo could begin. */
function hear(blockSamples: number): {
  guard: EchoGuard;
  heard: Float32Array;
  given: Float32Array;
} {
  const guard = new EchoGuard({ rateHz: 8000 });
  const agent = joinSamples([new Float32Array(8000), voices[0]?.slice(4000, 8000) ?? noSound]);
  const caller = noise(9600, -20, 5);
  const heard = joinSamples([noise(16_000 + 9600, -60, 2), caller, noise(6400, -60, 3)]);
  const parts: Float32Array[] = [];
  for (let at = 0; at < heard.length; at += frameSamples) {
    const frame = agent.subarray(at / 2, at / 2 + frameSamples / 2);
    guard.played(frame.length > 0 ? frame : undefined, frameSamples / 2);
    for (let from = at; from < at + frameSamples; from += blockSamples) {
      const to = Math.min(from + blockSamples, at + frameSamples);
      parts.push(guard.clean(heard.slice(from, to)).slice());
    }
  }
  return { guard, heard, given: joinSamples(parts) };
}

describe("sound that was held for an echo and is the caller's", () => {
  test.each([frameSamples, 200, 7])(
    "is given late and in order, in blocks of %d",
    (blockSamples) => {
      const { guard, heard, given } = hear(blockSamples);
      const { lateFrames, dampedFrames } = guard.status();
      expect(lateFrames).toBeGreaterThan(0);
      expect(lateFrames).toBeLessThanOrEqual(10);
      expect(dampedFrames).toBeGreaterThanOrEqual(lateFrames);
      const late = lateFrames * frameSamples;
      expect(given.length).toBeGreaterThan(heard.length + late - frameSamples);
      const from = 16_000 + 9600;
      expect(given.slice(from + late, from + late + 9600)).toEqual(heard.slice(from, from + 9600));
    },
  );
});

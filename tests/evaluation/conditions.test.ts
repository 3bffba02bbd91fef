/** Which conditions there are, in which order and under which names. */
import { describe, expect, test } from "bun:test";
import {
  type ConditionOptions,
  listConditions,
  soundNames,
  soundOf,
} from "../../src/evaluation/conditions.ts";

function list(options: Partial<ConditionOptions>): ReturnType<typeof listConditions> {
  return listConditions({
    sounds: soundNames,
    snrsDb: [15, 5],
    lossPercents: [5],
    contexts: ["trimmed", "full"],
    ...options,
  });
}

function names(options: Partial<ConditionOptions>): string[] {
  return list(options).map(({ name }) => name);
}

test("clean comes first, each sound with trimmed and then with full context", () => {
  expect(names({})).toEqual([
    "clean",
    "clean, full context",
    "mu-law",
    "mu-law, full context",
    "a-law",
    "a-law, full context",
    "noise 15 dB",
    "noise 15 dB, full context",
    "noise 5 dB",
    "noise 5 dB, full context",
    "loss 5 %",
    "loss 5 %, full context",
  ]);
});

test("what is chosen keeps that order", () => {
  expect(names({ sounds: ["loss", "clean"], contexts: ["trimmed"] })).toEqual([
    "clean",
    "loss 5 %",
  ]);
  expect(names({ sounds: ["noise"], snrsDb: [], contexts: ["full"] })).toEqual([]);
  expect(names({ sounds: ["a-law"], contexts: ["full"] })).toEqual(["a-law, full context"]);
});

test("a condition that there is not is named, with those that there are", () => {
  expect(() => names({ sounds: ["clean", "gsm"] })).toThrow('"gsm" is no condition');
});

describe("the sound of a recording", () => {
  const samples = Float32Array.from({ length: 4000 }, (_, index) => Math.sin(index / 5) / 3);
  const seed = { seed: 1, file: "a.wav" };
  const [clean, noise] = list({ sounds: ["clean", "noise"], snrsDb: [5], contexts: ["trimmed"] });

  test("clean is the recording itself", () => {
    expect(clean && soundOf(samples, clean.sound, seed)).toBe(samples);
  });

  test("depends on the seed and on the file, and leaves the recording as it is", () => {
    if (noise === undefined) throw new Error("no condition with noise");
    const copy = samples.slice();
    const once = soundOf(samples, noise.sound, seed);
    expect(soundOf(samples, noise.sound, seed)).toEqual(once);
    expect(soundOf(samples, noise.sound, { ...seed, seed: 2 })).not.toEqual(once);
    expect(soundOf(samples, noise.sound, { ...seed, file: "b.wav" })).not.toEqual(once);
    expect(samples).toEqual(copy);
  });
});

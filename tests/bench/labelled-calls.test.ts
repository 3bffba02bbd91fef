import { describe, expect, test } from "bun:test";
import { labelSentence, makeLabelledCall } from "../../bench/labelled-calls.ts";
import type { Span } from "../../bench/spans.ts";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { levelDbfs } from "../../src/audio/level.ts";
import { tone } from "../audio/tones.ts";

const rateHz = 16_000;
const samplesPerMs = 16;

function silence(ms: number): Float32Array {
  return new Float32Array(ms * samplesPerMs);
}

function voice(ms: number, amplitude = 0.2): Float32Array {
  return tone({ hz: 500, rateHz, samples: ms * samplesPerMs, amplitude });
}

/** In milliseconds, to the 10 ms in which levels are judged. */
function roundedMs(spans: readonly Span[], perMs: number): number[][] {
  return spans.map(({ start, end }) =>
    [start, end].map((sample) => Math.round(sample / perMs / 10) * 10),
  );
}

describe("the label of a sentence", () => {
  test("begins and ends with what can be heard", () => {
    const { samples, speech } = labelSentence(
      joinSamples([silence(300), voice(500), silence(400)]),
    );
    expect(roundedMs(speech, 8)).toEqual([[0, 500]]);
    expect(Math.abs(samples.length / 8 - 500)).toBeLessThanOrEqual(20);
  });

  test("bridges the closure of a plosive, and tells a pause", () => {
    const word = joinSamples([voice(200), silence(100), voice(200), silence(400), voice(300)]);
    expect(roundedMs(labelSentence(word).speech, 8)).toEqual([
      [0, 500],
      [900, 1200],
    ]);
  });

  test("does not depend on how loud it was recorded; its speech is brought to 0 dBFS", () => {
    const loud = labelSentence(joinSamples([voice(300, 0.5), silence(300), voice(300, 0.5)]));
    const soft = labelSentence(joinSamples([voice(300, 0.01), silence(300), voice(300, 0.01)]));
    expect(soft.speech).toEqual(loud.speech);
    const [first] = loud.speech;
    expect(levelDbfs(soft.samples.subarray(0, first?.end))).toBeCloseTo(0, 0);
  });

  test("of silence is empty", () => {
    const { samples, speech } = labelSentence(silence(500));
    expect([samples.length, speech.length]).toEqual([0, 0]);
  });
});

describe("a labelled call", () => {
  const sentences = [labelSentence(voice(600)), labelSentence(voice(900))];
  const options = {
    sentences,
    noise: "pink",
    snrDb: 15,
    speechDbfs: -26,
    sentenceCount: 31,
    seed: 3,
  } as const;
  const call = makeLabelledCall(options);

  test("is the same for the same options, and another one for another seed", () => {
    expect(makeLabelledCall(options)).toEqual(call);
    expect(makeLabelledCall({ ...options, seed: 4 }).pauses).not.toEqual(call.pauses);
  });

  test("has every pause from 100 to 1500 ms, as often as the others", () => {
    const counts = new Map<number, number>();
    for (const { start, end } of call.pauses) {
      const ms = (end - start) / samplesPerMs;
      counts.set(ms, (counts.get(ms) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 15 }, (_, index) => (index + 1) * 100),
    );
    expect(new Set(counts.values())).toEqual(new Set([2]));
  });

  test("has speech where the labels say so, between the pauses", () => {
    expect(call.speech).toHaveLength(31);
    for (const [index, pause] of call.pauses.entries()) {
      expect(call.speech[index]?.end).toBe(pause.start);
      expect(call.speech[index + 1]?.start).toBe(pause.end);
    }
  });

  test.each(["white", "pink"] as const)("has %s noise that far below the speech", (noise) => {
    for (const snrDb of [30, 15, 5]) {
      const { samples, speech, pauses } = makeLabelledCall({ ...options, noise, snrDb });
      const speechDbfs = meanDbfs(samples, speech);
      const noiseDbfs = meanDbfs(samples, pauses);
      // What is heard as speech holds the noise as well.
      const alone = 10 * Math.log10(10 ** (speechDbfs / 10) - 10 ** (noiseDbfs / 10));
      expect(Math.abs(alone - noiseDbfs - snrDb)).toBeLessThan(1);
      expect(Math.abs(alone - options.speechDbfs)).toBeLessThan(0.5);
    }
  });
});

function meanDbfs(samples: Float32Array, spans: readonly Span[]): number {
  return levelDbfs(joinSamples(spans.map(({ start, end }) => samples.slice(start, end))));
}

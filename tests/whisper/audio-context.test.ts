import { describe, expect, test } from "bun:test";
import { audioContextFor } from "../../src/whisper/audio-context.ts";

const fullContext = 1500;
const demoContext = 512;

describe("encoder positions", () => {
  test.each([
    [0, 256],
    [1, 256],
    [4_620, 256],
    [4_621, 512],
    [9_740, 512],
    [9_741, 768],
    [14_860, 768],
    [14_861, 1_024],
    [19_980, 1_024],
    [19_981, 1_280],
    [25_100, 1_280],
    [25_101, 0],
    [30_000, 0],
    [90_000, 0],
  ])("%i ms of sound and half a second behind it fit into %i", (audioMs, positions) => {
    expect(audioContextFor(audioMs, fullContext, 0)).toBe(positions);
  });

  test.each([
    [1, 256],
    [256, 256],
    [257, 512],
    [512, 512],
    [1_280, 1_280],
    [1_281, 0],
    [1_500, 0],
    [9_999, 0],
  ])("with a floor of %i a short utterance takes %i", (floor, positions) => {
    expect(audioContextFor(1_000, fullContext, floor)).toBe(positions);
  });

  test("a model with a small context has it in full as soon as less is not enough", () => {
    expect(audioContextFor(4_620, demoContext, 256)).toBe(256);
    expect(audioContextFor(4_621, demoContext, 256)).toBe(0);
    expect(audioContextFor(4_620, 256, 0)).toBe(0);
  });

  test("grow with the sound, hold it with its margin, and are whole buckets", () => {
    let before = 0;
    for (let audioMs = 0; audioMs <= 40_000; audioMs += 7) {
      const positions = audioContextFor(audioMs, fullContext, 512);
      const computed = positions === 0 ? fullContext : positions;
      expect(computed).toBeGreaterThanOrEqual(before);
      expect(positions % 256).toBe(0);
      if (positions !== 0) expect(positions).toBeGreaterThanOrEqual(audioMs / 20 + 25);
      before = computed;
    }
  });
});

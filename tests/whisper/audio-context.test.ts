import { describe, expect, test } from "bun:test";
import { audioContextFor, withFloor } from "../../src/whisper/audio-context.ts";

const fullContext = 1500;
const demoContext = 512;
const margin = 25;

describe("encoder positions", () => {
  test.each([
    [0, 128],
    [2_060, 128],
    [2_061, 256],
    [4_620, 256],
    [4_621, 384],
    [7_180, 384],
    [7_181, 512],
    [27_660, 1_408],
    [27_661, 0],
    [30_000, 0],
    [90_000, 0],
  ])("%i ms of sound and half a second behind it fit into %i", (audioMs, positions) => {
    expect(audioContextFor(audioMs, fullContext, { floor: 0, margin })).toBe(positions);
  });

  test.each([
    [1, 128],
    [256, 256],
    [257, 384],
    [512, 512],
    [1_280, 1_280],
    [1_281, 1_408],
    [1_409, 0],
    [1_500, 0],
    [9_999, 0],
  ])("with a floor of %i a short utterance takes %i", (floor, positions) => {
    expect(audioContextFor(1_000, fullContext, { floor, margin })).toBe(positions);
  });

  test.each([
    [0, 128],
    [25, 256],
    [128, 256],
    [256, 384],
  ])("behind two and a half seconds come %i positions: %i", (behind, positions) => {
    expect(audioContextFor(2_500, fullContext, { floor: 0, margin: behind })).toBe(positions);
  });

  test("a model with a small context has it in full as soon as less is not enough", () => {
    const rule = { floor: 256, margin };
    expect(audioContextFor(7_180, demoContext, rule)).toBe(384);
    expect(audioContextFor(7_181, demoContext, rule)).toBe(0);
    expect(audioContextFor(4_620, 256, rule)).toBe(0);
  });

  test("grow with the sound, hold it with its margin, and are whole buckets", () => {
    let before = 0;
    for (let audioMs = 0; audioMs <= 40_000; audioMs += 7) {
      const positions = audioContextFor(audioMs, fullContext, { floor: 384, margin });
      const computed = positions === 0 ? fullContext : positions;
      expect(computed).toBeGreaterThanOrEqual(before);
      expect(positions % 128).toBe(0);
      if (positions !== 0) expect(positions).toBeGreaterThanOrEqual(audioMs / 20 + margin);
      before = computed;
    }
  });

  test("a floor that somebody asked for takes the place of the model's own", () => {
    const rule = { floor: 384, margin: 128 };
    expect(withFloor(rule, undefined)).toEqual(rule);
    expect(withFloor(rule, 0)).toEqual({ floor: 0, margin: 128 });
  });
});

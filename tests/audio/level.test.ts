import { expect, test } from "bun:test";
import { FrameLevelMeter, levelDbfs, silenceDbfs } from "../../src/audio/level.ts";
import { noise, tone } from "./tones.ts";

test("full scale is 0 dBFS, a full sine -3, half of it -9", () => {
  expect(levelDbfs(new Float32Array(100).fill(-1))).toBe(0);
  const sine = { hz: 400, rateHz: 16_000, samples: 1_600 };
  expect(levelDbfs(tone({ ...sine, amplitude: 1 }))).toBeCloseTo(-3.01, 2);
  expect(levelDbfs(tone({ ...sine, amplitude: 0.5 }))).toBeCloseTo(-9.03, 2);
});

test("silence, nothing, and what is not a number read as silence", () => {
  expect(levelDbfs(new Float32Array(100))).toBe(silenceDbfs);
  expect(levelDbfs(new Float32Array(0))).toBe(silenceDbfs);
  expect(levelDbfs(new Float32Array(100).fill(1e-30))).toBe(silenceDbfs);
  expect(levelDbfs(Float32Array.of(Number.NaN))).toBe(silenceDbfs);
  expect(new FrameLevelMeter(16_000, 60).takeDbfs()).toBe(silenceDbfs);
});

test("the meter reads sound as it is and an offset as silence, from the first frame on", () => {
  const meter = new FrameLevelMeter(16_000, 60);
  for (let frame = 0; frame < 3; frame += 1) {
    for (let index = 0; index < 320; index += 1) meter.add(0.5);
    expect(meter.takeDbfs()).toBe(silenceDbfs);
  }
  for (const sample of noise(16_000, -30)) meter.add(0.5 + sample);
  expect(meter.takeDbfs()).toBeGreaterThan(-30.3);
  for (const sample of noise(16_000, -30)) meter.add(0.5 + sample);
  expect(meter.takeDbfs()).toBeLessThan(-29.7);
});

import { describe, expect, test } from "bun:test";
import { CaptureFramer } from "../../src/web/client/talk-capture.ts";
import { LevelMeter } from "../../src/web/client/talk-level.ts";

function tone(rateHz: number, ms: number, hz: number, amplitude = 0.5): Float32Array {
  const samples = new Float32Array((rateHz * ms) / 1000);
  return samples.map((_, index) => amplitude * Math.sin((2 * Math.PI * hz * index) / rateHz));
}

/** As the sound thread gives it: 128 samples at a time. */
function capture(rateHz: number, samples: Float32Array): Int16Array[] {
  const frames: Int16Array[] = [];
  const framer = new CaptureFramer(rateHz, (frame) => frames.push(frame));
  for (let at = 0; at < samples.length; at += 128) framer.write(samples.subarray(at, at + 128));
  return frames;
}

/** Share of that frequency in a piece of 16 kHz, as an amplitude. */
function amplitudeAt(samples: readonly number[], hz: number): number {
  let [sine, cosine] = [0, 0];
  for (const [index, sample] of samples.entries()) {
    sine += sample * Math.sin((2 * Math.PI * hz * index) / 16_000);
    cosine += sample * Math.cos((2 * Math.PI * hz * index) / 16_000);
  }
  return (2 * Math.hypot(sine, cosine)) / samples.length;
}

describe.each([16_000, 44_100, 48_000, 96_000, 22_050])("a microphone at %i Hz", (rateHz) => {
  test("gives frames of 20 ms at 16 kHz, as many as time goes by", () => {
    const frames = capture(rateHz, tone(rateHz, 1000, 440));
    expect(frames.length).toBeGreaterThanOrEqual(49);
    expect(frames.length).toBeLessThanOrEqual(50);
    for (const frame of frames) expect(frame).toHaveLength(320);
  });

  test("keeps a tone of the voice as it is", () => {
    const heard = capture(rateHz, tone(rateHz, 1000, 1000)).flatMap((frame) => [...frame]);
    expect(amplitudeAt(heard.slice(1600, 14_400), 1000)).toBeCloseTo(0.5 * 32_767, -2);
  });
});

test("what is above half the rate of the line does not fold back into the voice", () => {
  const heard = capture(48_000, tone(48_000, 1000, 10_000)).flatMap((frame) => [...frame]);
  const loudest = Math.max(...heard.slice(1600, 14_400).map(Math.abs));
  expect(loudest).toBeLessThan(16);
});

test("what is too loud, or no number, stays a sample", () => {
  const samples = Float32Array.of(2, -2, Number.NaN, Number.POSITIVE_INFINITY, 0.5);
  const [frame] = capture(
    16_000,
    Float32Array.from({ length: 320 }, (_, at) => samples[at] ?? 0),
  );
  expect([...(frame ?? [])].slice(0, 5)).toEqual([32_767, -32_767, 0, 0, 16_384]);
});

test("each frame is another one, for the taker to keep", () => {
  const [first, second] = capture(16_000, tone(16_000, 40, 500));
  expect(first?.buffer).not.toBe(second?.buffer);
});

test("a meter shows loud sound at once, falls slowly, and stays at nothing in silence", () => {
  const meter = new LevelMeter();
  expect(meter.read()).toBe(0);
  meter.add(new Float32Array(800).fill(1));
  expect(meter.read()).toBe(1);
  meter.add(new Float32Array(800));
  const falling = meter.read();
  expect(falling).toBeGreaterThan(0.8);
  expect(falling).toBeLessThan(1);
  for (let reading = 0; reading < 20; reading += 1) meter.read();
  expect(meter.read()).toBe(0);
});

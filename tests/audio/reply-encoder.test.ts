import { describe, expect, test } from "bun:test";
import { heapStats } from "bun:jsc";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { aLawToLinear, muLawToLinear } from "../../src/audio/g711.ts";
import { G722Decoder } from "../../src/audio/g722-decoder.ts";
import type { ReplyFormat } from "../../src/audio/reply-codec.ts";
import { ReplyEncoder } from "../../src/audio/reply-encoder.ts";
import { limitSoftly } from "../../src/audio/soft-limiter.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { amplitudeDb, tone } from "./tones.ts";

const formats: readonly ReplyFormat[] = ["PCMU", "PCMA", "G722", "L16LE"];

function lineRateOf(format: ReplyFormat): number {
  return format === "G722" ? 16_000 : 8000;
}

function decode(format: ReplyFormat, frames: readonly Uint8Array[]): Float32Array {
  const decoder = new G722Decoder();
  return joinSamples(
    frames.map((frame) => {
      if (format === "PCMU")
        return Float32Array.from(frame, (code) => muLawToLinear(code) / 32_768);
      if (format === "PCMA") return Float32Array.from(frame, (code) => aLawToLinear(code) / 32_768);
      if (format === "L16LE") {
        return Float32Array.from(new Int16Array(frame.slice().buffer), (value) => value / 32_768);
      }
      const samples = new Float32Array(2 * frame.length);
      decoder.decode(frame, frame.length, samples);
      return samples;
    }),
  );
}

/** All that there is, as copies. */
function takeAll(encoder: ReplyEncoder): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = encoder.next(); frame !== undefined; frame = encoder.next()) {
    frames.push(frame.slice());
  }
  return frames;
}

describe.each(formats)("%s", (format) => {
  const lineHz = lineRateOf(format);

  test.each([8000, 16_000, 24_000, 44_100])("a tone at %i Hz comes out as it was", (rateHz) => {
    const encoder = new ReplyEncoder({ format });
    encoder.write(tone({ hz: 700, rateHz, samples: rateHz }), rateHz);
    encoder.finish();
    const heard = decode(format, takeAll(encoder));
    expect(heard).toHaveLength(lineHz);
    const middle = heard.subarray(lineHz / 8, (lineHz * 7) / 8);
    expect(Math.abs(amplitudeDb(middle, 700, lineHz) + 6.02)).toBeLessThan(0.5);
  });

  test("pieces of any size give the same frames", () => {
    const samples = tone({ hz: 300, rateHz: 24_000, samples: 24_000 });
    const random = new SeededRandom(2);
    const whole = new ReplyEncoder({ format });
    const pieces = new ReplyEncoder({ format });
    whole.write(samples, 24_000);
    for (let at = 0; at < samples.length;) {
      const end = at + random.between(0, 3000);
      pieces.write(samples.subarray(at, end), 24_000);
      at = end;
    }
    whole.finish();
    pieces.finish();
    expect(takeAll(pieces)).toEqual(takeAll(whole));
  });

  test.each([10, 20, 30, 60])(
    "a frame of %i ms has as many bytes as the codec needs",
    (ptimeMs) => {
      const encoder = new ReplyEncoder({ format, ptimeMs });
      encoder.write(new Float32Array(lineHz), lineHz);
      const bytes = format === "L16LE" ? 16 * ptimeMs : 8 * ptimeMs;
      expect(encoder.next()).toHaveLength(bytes);
      expect(encoder.pendingMs).toBe(1000 - ptimeMs);
    },
  );

  test("a flush leaves one frame that fades within 5 ms, and nothing else", () => {
    const encoder = new ReplyEncoder({ format });
    encoder.write(tone({ hz: 200, rateHz: lineHz, samples: lineHz }), lineHz);
    // G.722 has to get used to the tone first.
    const before = [0, 1].map(() => encoder.next()?.slice() ?? new Uint8Array(0));
    encoder.flush();
    expect(encoder.pendingMs).toBe(5);
    const after = takeAll(encoder);
    expect(after).toHaveLength(1);
    const heard = decode(format, [...before, ...after]).subarray(lineHz / 50);
    const steps = heard.map((sample, at) => Math.abs(sample - (heard[at - 1] ?? sample)));
    expect(Math.max(...steps)).toBeLessThan(2 * 0.5 * ((2 * Math.PI * 200) / lineHz));
    const rest = heard.subarray((lineHz / 1000) * 28);
    expect(Math.max(...rest.map(Math.abs))).toBeLessThan(0.001);
  });

  test("100,000 frames leave nothing behind in memory, not a byte for each", () => {
    const encoder = new ReplyEncoder({ format });
    const samples = tone({ hz: 200, rateHz: lineHz, samples: lineHz / 50 });
    const play = (frames: number): void => {
      for (let frame = 0; frame < frames; frame += 1) {
        encoder.write(samples, lineHz);
        encoder.next();
      }
    };
    play(10_000);
    Bun.gc(true);
    const before = heapStats();
    play(100_000);
    Bun.gc(true);
    const after = heapStats();
    expect(after.extraMemorySize - before.extraMemorySize).toBeLessThan(100_000);
    expect(after.heapSize - before.heapSize).toBeLessThan(100_000);
  }, 30_000);
});

test("less than a frame waits for what follows, until it is finished", () => {
  const encoder = new ReplyEncoder({ format: "PCMU" });
  encoder.write(new Float32Array(100).fill(0.5), 8000);
  expect(encoder.next()).toBeUndefined();
  encoder.write(new Float32Array(100).fill(0.5), 8000);
  expect(encoder.next()).toHaveLength(160);
  expect(encoder.next()).toBeUndefined();
  encoder.finish();
  const last = decode("PCMU", takeAll(encoder));
  expect(last.subarray(0, 40).every((sample) => sample > 0.4)).toBe(true);
  expect(last.subarray(40)).toEqual(new Float32Array(120));
});

test("after a finish, sound that follows makes whole frames again", () => {
  const encoder = new ReplyEncoder({ format: "PCMU" });
  encoder.write(new Float32Array(100), 8000);
  encoder.finish();
  encoder.write(new Float32Array(30), 8000);
  expect(encoder.next()).toBeUndefined();
  expect(encoder.pendingMs).toBe(16.25);
});

test("it is drained once for each time that all has been taken", () => {
  const encoder = new ReplyEncoder({ format: "PCMU" });
  expect(encoder.takeDrained()).toBe(false);
  encoder.write(new Float32Array(320), 8000);
  encoder.next();
  expect(encoder.takeDrained()).toBe(false);
  encoder.next();
  expect([encoder.takeDrained(), encoder.takeDrained()]).toEqual([true, false]);
  encoder.write(new Float32Array(320), 8000);
  encoder.flush();
  encoder.next();
  expect([encoder.takeDrained(), encoder.takeDrained()]).toEqual([true, false]);
  encoder.finish();
  expect(encoder.next()).toBeUndefined();
  expect(encoder.takeDrained()).toBe(false);
});

test("what is more than the limit is dropped and counted, and what was there stays", () => {
  const encoder = new ReplyEncoder({ format: "L16LE", limitMs: 3000 });
  encoder.write(new Float32Array(16_000).fill(0.25), 8000);
  encoder.write(new Float32Array(16_000).fill(0.5), 8000);
  expect(encoder.pendingMs).toBe(3000);
  expect(encoder.droppedMs).toBe(1000);
  const heard = decode("L16LE", takeAll(encoder));
  expect(heard[0]).toBeCloseTo(0.25, 3);
  expect(heard[16_000]).toBeCloseTo(0.5, 3);
  encoder.write(new Float32Array(1600), 8000);
  expect([encoder.pendingMs, encoder.droppedMs]).toEqual([200, 1000]);
});

test("another rate is a new stream, and nothing of the one before is lost", () => {
  const encoder = new ReplyEncoder({ format: "PCMU" });
  for (const rateHz of [24_000, 16_000, 8000, 24_000]) {
    encoder.write(tone({ hz: 400, rateHz, samples: rateHz / 2 }), rateHz);
  }
  encoder.finish();
  expect(encoder.pendingMs).toBe(2000);
  const heard = decode("PCMU", takeAll(encoder));
  expect(Math.abs(amplitudeDb(heard.subarray(800, 3200), 400, 8000) + 6.02)).toBeLessThan(0.5);
});

test("what is too loud is bent, and what is no number is silence", () => {
  const encoder = new ReplyEncoder({ format: "L16LE" });
  const loud = tone({ hz: 300, rateHz: 8000, samples: 1600, amplitude: 4 });
  loud.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 700);
  encoder.write(loud, 8000);
  const heard = decode("L16LE", takeAll(encoder));
  expect([...heard.subarray(700, 703)]).toEqual([0, 0, 0]);
  expect(Math.max(...heard)).toBeGreaterThan(0.99);
  expect(heard.every((sample, at) => !(sample * (loud[at] ?? 0) < 0))).toBe(true);
});

test("a flush of nothing is nothing", () => {
  const encoder = new ReplyEncoder({ format: "PCMA" });
  encoder.flush();
  expect(encoder.next()).toBeUndefined();
  encoder.finish();
  expect(encoder.next()).toBeUndefined();
});

test("the limiter leaves all below 0.89 alone, grows steadily and never passes 1", () => {
  for (const sample of [0, 0.1, -0.5, 0.89, -0.89]) expect(limitSoftly(sample)).toBe(sample);
  let previous = 0.89;
  for (let sample = 0.9; sample < 1.5; sample += 0.01) {
    const limited = limitSoftly(sample);
    expect(limited).toBeGreaterThan(previous);
    expect(limitSoftly(-sample)).toBe(-limited);
    previous = limited;
  }
  expect(limitSoftly(1e9)).toBeLessThanOrEqual(1);
  expect(limitSoftly(Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(1);
  expect(limitSoftly(Number.NaN)).toBe(0);
});

/** An encoder whose sound fades out in the middle of a word, and fades in again where it was. */
import { describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { G722Decoder } from "../../src/audio/g722-decoder.ts";
import type { ReplyFormat } from "../../src/audio/reply-codec.ts";
import { ReplyEncoder } from "../../src/audio/reply-encoder.ts";
import { decodeALaw, decodeMuLaw } from "../../src/audio/g711.ts";
import { tone } from "./tones.ts";

const frameSamples = 160;
const fadeSamples = 40;

function decode(frame: Uint8Array): number[] {
  return [...new Int16Array(frame.slice().buffer)].map((value) => value / 32_768);
}

function frameOf(encoder: ReplyEncoder): number[] {
  const frame = encoder.next();
  if (frame === undefined) throw new Error("no frame");
  return decode(frame);
}

/** 200 ms of a constant, of which one frame has been taken. */
function halfway(): ReplyEncoder {
  const encoder = new ReplyEncoder({ format: "L16LE" });
  encoder.write(new Float32Array(1600).fill(0.5), 8000);
  encoder.next();
  return encoder;
}

describe("a fade out", () => {
  test("falls within 5 ms, is silent for the rest of its frame, and takes nothing", () => {
    const encoder = halfway();
    const fade = decode(encoder.fadeOut() ?? new Uint8Array(0));
    expect(fade).toHaveLength(frameSamples);
    expect(fade[0]).toBeCloseTo(0.4875, 3);
    const falls = fade.map((sample, at) => (fade[at - 1] ?? 0.5) - sample);
    expect(Math.max(...falls)).toBeLessThan(0.013);
    expect(fade.slice(fadeSamples - 1).every((sample) => sample === 0)).toBe(true);
    expect(encoder.pendingMs).toBe(180);
  });

  test("is followed by a frame that begins at the same place and rises as slowly", () => {
    const encoder = new ReplyEncoder({ format: "L16LE" });
    const sound = Float32Array.from({ length: 1600 }, (_, index) => (index + 1) / 3200);
    encoder.write(sound, 8000);
    encoder.next();
    encoder.fadeOut();
    const back = frameOf(encoder);
    expect(back[0]).toBe(0);
    const rises = back.map((sample, at) => sample - (back[at - 1] ?? 0));
    expect(Math.max(...rises)).toBeLessThan(0.005);
    for (const at of [fadeSamples, 100, 159]) {
      expect(back[at]).toBeCloseTo(sound[frameSamples + at] ?? Number.NaN, 3);
    }
    const next = frameOf(encoder);
    expect(next[0]).toBeCloseTo(sound[2 * frameSamples] ?? Number.NaN, 3);
  });

  test("of what is all taken is none", () => {
    const encoder = new ReplyEncoder({ format: "PCMU" });
    encoder.write(new Float32Array(160).fill(0.5), 8000);
    encoder.next();
    expect(encoder.fadeOut()).toBeUndefined();
  });

  test("leaves a flush nothing to fade, so that nothing more is heard", () => {
    const encoder = halfway();
    encoder.fadeOut();
    encoder.flush();
    expect(encoder.pendingMs).toBe(0);
    expect(encoder.next()).toBeUndefined();
    expect(encoder.takeDrained()).toBe(true);
    encoder.write(new Float32Array(160).fill(0.5), 8000);
    expect(frameOf(encoder)[0]).toBeCloseTo(0.5, 3);
  });

  const decoders: readonly (readonly [
    ReplyFormat,
    number,
    () => (frame: Uint8Array) => number[],
  ])[] = [
    ["PCMU", 8000, () => (frame) => [...decodeMuLaw(frame)]],
    ["PCMA", 8000, () => (frame) => [...decodeALaw(frame)]],
    [
      "G722",
      16_000,
      () => {
        const decoder = new G722Decoder();
        return (frame) => {
          const samples = new Float32Array(2 * frame.length);
          decoder.decode(frame, frame.length, samples);
          return [...samples];
        };
      },
    ],
  ];

  test.each(decoders)("of %s, and its way back, makes no step", (format, rateHz, makeDecoder) => {
    const encoder = new ReplyEncoder({ format });
    const read = makeDecoder();
    encoder.write(tone({ hz: 200, rateHz, samples: rateHz }), rateHz);
    const heard: number[] = [];
    const take = (frame: Uint8Array | undefined): void => {
      if (frame !== undefined) heard.push(...read(frame));
    };
    for (let frame = 0; frame < 5; frame += 1) take(encoder.next());
    take(encoder.fadeOut());
    for (let frame = 0; frame < 5; frame += 1) take(encoder.next());
    // G.722 has to get used to the tone first.
    const used = heard.slice(rateHz / 50);
    const steps = used.map((sample, at) => Math.abs(sample - (used[at - 1] ?? sample)));
    expect(used.length).toBe((rateHz / 50) * 10);
    // A fade of 5 ms adds its own slope to that of the tone.
    const slope = 0.5 * ((2 * Math.PI * 200) / rateHz) + 0.5 / (rateHz / 200);
    expect(Math.max(...steps)).toBeLessThan(1.5 * slope);
  });
});

test("what is cleared leaves no frame, not even a fade", () => {
  const encoder = halfway();
  encoder.write(new Float32Array(100).fill(0.5), 24_000);
  encoder.clear();
  expect(encoder.pendingMs).toBe(0);
  encoder.finish();
  expect(encoder.next()).toBeUndefined();
});

test("sound inside the filter of a rate change waits like all other", () => {
  const encoder = new ReplyEncoder({ format: "PCMU" });
  encoder.write(new Float32Array(2400), 24_000);
  expect(encoder.pendingMs).toBeCloseTo(100, 6);
  for (let frame = 0; frame < 4; frame += 1) expect(encoder.next()).toBeDefined();
  expect(encoder.pendingMs).toBeCloseTo(20, 6);
  expect(encoder.next()).toBeUndefined();
  encoder.finish();
  expect(encoder.pendingMs).toBe(20);
  expect(encoder.next()).toBeDefined();
  expect(encoder.pendingMs).toBe(0);
});

describe("a move to another encoder", () => {
  test("takes all that waits in its order, in front of what follows", () => {
    const from = new ReplyEncoder({ format: "PCMU" });
    const to = new ReplyEncoder({ format: "L16LE" });
    from.write(new Float32Array(3000).fill(0.25), 8000);
    from.moveTo(to);
    to.write(new Float32Array(200).fill(0.5), 8000);
    expect([from.pendingMs, to.pendingMs]).toEqual([0, 400]);
    const frames = Array.from({ length: 20 }, () => Float32Array.from(frameOf(to)));
    const heard = joinSamples(frames);
    expect(heard[2999]).toBeCloseTo(0.25, 3);
    expect(heard[3000]).toBeCloseTo(0.5, 3);
  });

  test("in a pause still fades in", () => {
    const from = halfway();
    const to = new ReplyEncoder({ format: "L16LE" });
    from.fadeOut();
    from.moveTo(to);
    const back = frameOf(to);
    expect(back[0]).toBe(0);
    expect(back[fadeSamples]).toBeCloseTo(0.5, 3);
  });
});

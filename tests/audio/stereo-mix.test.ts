import { describe, expect, test } from "bun:test";
import { muLawToLinear } from "../../src/audio/g711.ts";
import { encodeMuLawHeader, muLawHeaderBytes } from "../../src/audio/mu-law-wav.ts";
import { StereoMix } from "../../src/audio/stereo-mix.ts";
import { decodeWav } from "../../src/audio/wav.ts";

const rateHz = 8000;
const frame = 160;
const tone = (level: number, length = frame): Float32Array => new Float32Array(length).fill(level);

/** Both sides, as values of 16 bits in thousands. */
function sides(bytes: Uint8Array): { readonly left: number[]; readonly right: number[] } {
  const values = Array.from(bytes, (code) => Math.round(muLawToLinear(code) / 1000));
  return {
    left: values.filter((_, index) => index % 2 === 0),
    right: values.filter((_, index) => index % 2 === 1),
  };
}

describe("the two sides of a call", () => {
  test("come out beside each other, sample for sample", () => {
    const mix = new StereoMix(rateHz, 1000);
    mix.fromCaller(tone(0.5));
    mix.toCaller(tone(-0.25), frame);
    const { left, right } = sides(mix.take());
    expect(left).toEqual(Array<number>(frame).fill(17));
    expect(right).toEqual(Array<number>(frame).fill(-8));
    expect(mix.ready).toBe(0);
  });

  test("a caller who sends nothing is silent, and is back in step when sound comes again", () => {
    const mix = new StereoMix(rateHz, 1000);
    const out: Uint8Array[] = [];
    for (let count = 0; count < 500; count += 1) {
      if (count >= 400) mix.fromCaller(tone(0.5));
      mix.toCaller(undefined, frame);
      out.push(mix.take());
    }
    mix.finish();
    out.push(mix.take());
    const { left, right } = sides(Buffer.concat(out));
    expect(left).toHaveLength(500 * frame);
    expect(right.every((value) => value === 0)).toBe(true);
    const first = left.findIndex((value) => value !== 0);
    // No earlier than it came, less what silence had not yet been filled in.
    expect(first).toBeGreaterThanOrEqual(400 * frame - 0.6 * rateHz);
    expect(first).toBeLessThanOrEqual(400 * frame);
  });

  test("a frame that has less sound than its period is filled up with silence", () => {
    const mix = new StereoMix(rateHz, 1000);
    for (let count = 0; count < 2; count += 1) {
      mix.fromCaller(tone(0));
      mix.toCaller(tone(0.5), frame);
    }
    mix.take();
    mix.fromCaller(tone(0));
    mix.toCaller(tone(0.25, 100), frame);
    const { right } = sides(mix.take());
    expect(right).toEqual([...Array<number>(100).fill(8), ...Array<number>(60).fill(0)]);
  });

  test("a caller whom the network delayed is in step again after a pause", () => {
    const mix = new StereoMix(rateHz, 1000);
    const line = (frames: number, caller?: number): void => {
      for (let count = 0; count < frames; count += 1) {
        if (caller !== undefined) mix.fromCaller(tone(caller));
        mix.toCaller(tone(0.25), frame);
        mix.take();
      }
    };
    line(50, 0.5);
    // Two seconds are missing, and come at once.
    line(100);
    for (let count = 0; count < 70; count += 1) mix.fromCaller(tone(0.5));
    line(100, 0.5);
    line(100, 0.001);
    mix.fromCaller(tone(0.5));
    for (let count = 0; count < 100; count += 1) mix.toCaller(tone(0.25), frame);
    const { left } = sides(mix.take());
    expect(left.findIndex((value) => value !== 0)).toBeLessThanOrEqual(0.1 * rateHz);
  });

  test("pauses of a caller who is in step are kept", () => {
    const mix = new StereoMix(rateHz, 1000);
    for (let count = 0; count < 50; count += 1) {
      mix.fromCaller(tone(0.001));
      mix.fromCaller(tone(0.001));
      mix.toCaller(tone(0.25), frame);
      mix.toCaller(tone(0.25), frame);
    }
    expect(mix.ready).toBe(100 * frame);
  });

  test("what comes too much at once is given up, and memory does not grow", () => {
    const mix = new StereoMix(rateHz, 1000);
    for (let count = 0; count < 100; count += 1) mix.fromCaller(tone(0.5, 8000));
    mix.toCaller(undefined, frame);
    expect(sides(mix.take()).left).toEqual(Array<number>(frame).fill(17));
    for (let count = 0; count < 10_000; count += 1) mix.toCaller(tone(0.5), frame);
    expect(mix.ready).toBeLessThanOrEqual(4 * rateHz);
  });
});

test("the head of the file counts its sound, also beyond what a WAV file can say", () => {
  const sound = new Uint8Array(rateHz * 2).fill(0xff);
  const head = encodeMuLawHeader({ rateHz, channels: 2, bytes: sound.length });
  expect(head).toHaveLength(muLawHeaderBytes);
  const wav = decodeWav(Buffer.concat([head, sound]), "the file");
  expect([wav.sampleRateHz, wav.samples.length]).toEqual([rateHz, rateHz]);
  const huge = encodeMuLawHeader({ rateHz, channels: 2, bytes: 2 ** 40 });
  expect(new DataView(huge.buffer).getUint32(4, true)).toBe(0xffff_fff7);
});

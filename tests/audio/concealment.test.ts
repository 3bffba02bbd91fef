import { beforeAll, describe, expect, test } from "bun:test";
import { Concealment } from "../../src/audio/concealment.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { speech } from "./speech.ts";
import { noise, tone } from "./tones.ts";

const rates = [8000, 16_000] as const;

interface Concealed {
  readonly output: Float32Array;
  /** For each frame. */
  readonly isLost: readonly boolean[];
}

/** The sound in frames of 20 ms, of which some are lost. */
function loseFrames(
  sound: Float32Array,
  rateHz: number,
  isLost: (frame: number) => boolean,
): Concealed {
  const concealment = new Concealment(rateHz);
  const samples = rateHz / 50;
  const frame = new Float32Array(samples);
  const output = new Float32Array(Math.floor(sound.length / samples) * samples);
  const lost: boolean[] = [];
  for (let at = 0; at < output.length; at += samples) {
    lost.push(isLost(at / samples));
    if (lost.at(-1) === true) {
      concealment.conceal(frame, samples);
    } else {
      frame.set(sound.subarray(at, at + samples));
      concealment.hear(frame, samples);
    }
    output.set(frame, at);
  }
  return { output, isLost: lost };
}

function squaredError(
  { output, isLost }: Concealed,
  sound: Float32Array,
  rateHz: number,
): { readonly concealed: number; readonly zeros: number } {
  const samples = rateHz / 50;
  let concealed = 0;
  let zeros = 0;
  for (let at = 0; at < output.length; at += 1) {
    const wanted = sound[at] ?? 0;
    concealed += ((output[at] ?? 0) - wanted) ** 2;
    if (isLost[Math.floor(at / samples)] === true) zeros += wanted ** 2;
  }
  return { concealed, zeros };
}

function withSilence(
  { output, isLost }: Concealed,
  sound: Float32Array,
  rateHz: number,
): Float32Array {
  const samples = rateHz / 50;
  return output.map((_, at) => (isLost[Math.floor(at / samples)] === true ? 0 : (sound[at] ?? 0)));
}

const bands = 12;
const bandHz = 250;

/** Loudness of bands of 250 Hz up to 3 kHz, under a window of 32 ms around a frame. */
function bandsDb(sound: Float32Array, frame: number, rateHz: number): number[] {
  const length = rateHz / 31.25;
  const first = Math.floor((frame * rateHz) / 50 - (length - rateHz / 50) / 2);
  return Array.from({ length: bands }, (_, band) => {
    let power = 1e-3;
    for (let hz = band * bandHz + 31.25; hz <= (band + 1) * bandHz; hz += 31.25) {
      let real = 0;
      let imaginary = 0;
      for (let at = 0; at < length; at += 1) {
        const angle = (2 * Math.PI * hz * at) / rateHz;
        const sample =
          (sound[first + at] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * at) / length));
        real += sample * Math.cos(angle);
        imaginary += sample * Math.sin(angle);
      }
      power += real * real + imaginary * imaginary;
    }
    return 10 * Math.log10(power);
  });
}

function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0);
}

function largestStep(sound: Float32Array, from = 1, to = sound.length): number {
  let largest = 0;
  for (let at = from; at < to; at += 1) {
    largest = Math.max(largest, Math.abs((sound[at] ?? 0) - (sound[at - 1] ?? 0)));
  }
  return largest;
}

function randomLoss(share: number, seed: number): (frame: number) => boolean {
  const random = new SeededRandom(seed);
  return (frame) => random.unit() < share && frame > 3;
}

describe.each(rates)("at %i Hz", (rateHz) => {
  let spoken = new Float32Array(0);
  const samples = rateHz / 50;

  beforeAll(async () => {
    spoken = await speech(rateHz);
  });

  test("what is not lost comes out unchanged", () => {
    expect(loseFrames(spoken, rateHz, () => false).output).toEqual(
      spoken.subarray(0, Math.floor(spoken.length / samples) * samples),
    );
  });

  test.each([100, 150, 440, 1000])("a tone of %i Hz goes on nearly as it was", (hz) => {
    const sound = tone({ hz, rateHz, samples: rateHz });
    const concealed = loseFrames(sound, rateHz, (frame) => frame % 20 === 10);
    const error = squaredError(concealed, sound, rateHz);
    expect(error.concealed).toBeLessThan(error.zeros * 0.3);
  });

  test("speech with 5 % of its frames lost is nearer to the truth than with silence in them", () => {
    let concealedError = 0;
    let zerosError = 0;
    let concealedDb = 0;
    let zerosDb = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      const concealed = loseFrames(spoken, rateHz, randomLoss(0.05, seed));
      const error = squaredError(concealed, spoken, rateHz);
      concealedError += error.concealed;
      zerosError += error.zeros;
      if (seed > 3) continue;
      const zeros = withSilence(concealed, spoken, rateHz);
      for (const [frame, isLost] of concealed.isLost.entries()) {
        if (!isLost) continue;
        const wanted = bandsDb(spoken, frame, rateHz);
        concealedDb += distance(wanted, bandsDb(concealed.output, frame, rateHz));
        zerosDb += distance(wanted, bandsDb(zeros, frame, rateHz));
      }
    }
    expect(concealedError).toBeLessThan(zerosError);
    // What a recogniser hears is the loudness of the bands.
    expect(concealedDb).toBeLessThan(zerosDb * 0.75);
  });

  test.each([100, 150, 331])("nothing clicks around losses in a tone of %i Hz", (hz) => {
    const sound = tone({ hz, rateHz, samples: rateHz });
    for (const length of [1, 2, 5]) {
      const { output } = loseFrames(sound, rateHz, (frame) => frame % 20 >= 20 - length);
      expect(largestStep(output)).toBeLessThan(1.6 * largestStep(sound));
    }
  });

  test("a loss fades, and is silence after 60 ms", () => {
    const sound = noise(rateHz, -12, 3);
    const { output } = loseFrames(sound, rateHz, (frame) => frame >= 10);
    const levels = [0, 1, 2, 3, 4].map((frame) => {
      const part = output.subarray((10 + frame) * samples, (11 + frame) * samples);
      return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / samples);
    });
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = levels;
    expect(first).toBeGreaterThan(0.12);
    expect(second).toBeLessThan(first);
    expect(third).toBeLessThan(second * 0.6);
    expect([fourth, fifth]).toEqual([0, 0]);
  });

  test("sound that returns after silence is faded in", () => {
    const sound = new Float32Array(rateHz).fill(0.5);
    const { output } = loseFrames(sound, rateHz, (frame) => frame >= 10 && frame < 20);
    expect(output[19 * samples]).toBe(0);
    expect(largestStep(output)).toBeLessThan(0.02);
    expect(output[21 * samples]).toBe(0.5);
  });

  test("a loss before any sound is silence, and after a reset what was heard is forgotten", () => {
    const concealment = new Concealment(rateHz);
    const frame = tone({ hz: 200, rateHz, samples });
    concealment.hear(frame, samples);
    concealment.reset();
    concealment.conceal(frame, samples);
    expect(frame).toEqual(new Float32Array(samples));
  });

  test("frames of any length give the same sound", () => {
    const sound = spoken.subarray(0, rateHz);
    const pieces = [samples, samples / 2, samples / 4].map((length) => {
      const concealment = new Concealment(rateHz);
      const output = new Float32Array(12 * samples);
      const frame = new Float32Array(length);
      for (let at = 0; at < output.length; at += length) {
        const isLost = at >= 8 * samples;
        frame.set(sound.subarray(at, at + length));
        if (isLost) concealment.conceal(frame, length);
        else concealment.hear(frame, length);
        output.set(frame, at);
      }
      return output;
    });
    expect(pieces[1]).toEqual(pieces[0]);
    expect(pieces[2]).toEqual(pieces[0]);
  });
});

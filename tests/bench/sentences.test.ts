import { describe, expect, test } from "bun:test";
import {
  alsoInPairs,
  inTurn,
  ofLength,
  sentences,
  speakInTurn,
  withoutQuietEnds,
} from "../../bench/sentences.ts";
import { Xorshift32 } from "../../bench/xorshift.ts";

const sampleRateHz = 16_000;

function tone(samples: number, amplitude: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: samples }, (_, index) => amplitude * Math.sin(index));
}

function join(...parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

describe("sentences", () => {
  test("are the recordings of the tests with their texts, shortest first, none over five seconds", async () => {
    const all = await sentences();
    const lengths = all.map(({ samples }) => samples.length);
    expect(all.length).toBeGreaterThan(4);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect(lengths.at(-1)).toBeLessThan(5 * sampleRateHz);
    for (const { text } of all) expect(text).toMatch(/^[A-Z].*[.?]$/);
  });

  test("lose at both ends what is 40 dB below their loudest part, and nothing within", () => {
    const loud = tone(1600, 0.5);
    const soft = tone(1600, 0.004);
    const pause = tone(1600, 0.0001);
    const sentence = join(pause, soft, loud, soft);
    expect(withoutQuietEnds(sentence)).toEqual(loud);
    const broken = join(loud, pause, loud);
    expect(withoutQuietEnds(broken)).toEqual(broken);
  });

  test("that are all silence stay as they are", () => {
    expect(withoutQuietEnds(new Float32Array(480))).toEqual(new Float32Array(480));
  });

  test("also come in pairs with a breath between them, the longest within a limit", () => {
    const [short, middle, long] = [tone(8000, 0.1), tone(16_000, 0.2), tone(32_000, 0.3)];
    const breath = new Float32Array(2400);
    expect(alsoInPairs([short, middle, long], 2.65)).toEqual([
      short,
      join(short, breath, long),
      middle,
      long,
    ]);
    expect(alsoInPairs([short, middle, long], 1.65)).toEqual([
      short,
      join(short, breath, middle),
      middle,
      long,
    ]);
  });

  test("are taken in turn", () => {
    expect([0, 1, 2, 3].map((index) => inTurn(["a", "b"], index))).toEqual(["a", "b", "a", "b"]);
    expect(() => inTurn([], 0)).toThrow(RangeError);
  });

  test("are padded with silence or cut to a length", () => {
    expect(ofLength(tone(100, 1), 1)).toEqual(join(tone(100, 1), new Float32Array(15_900)));
    expect(ofLength(tone(20_000, 1), 1)).toEqual(tone(16_000, 1));
  });
});

describe("a line that speaks in turn", () => {
  const options = {
    utterances: [tone(3200, 0.5), tone(1600, 0.5)],
    leastPauseMs: 100,
    extraPauseMs: 50,
    noiseAmplitude: 0,
  };

  test("has each utterance where it says, with pauses of the wanted length around", () => {
    const { samples, soundEnds } = speakInTurn({ ...options, random: new Xorshift32(1) });
    const [first = 0, second = 0] = soundEnds;
    expect(soundEnds).toHaveLength(2);
    expect(samples.slice(first - 3200, first)).toEqual(tone(3200, 0.5));
    expect(samples.slice(second - 1600, second)).toEqual(tone(1600, 0.5));
    for (const pause of [first - 3200, second - 1600 - first, samples.length - second]) {
      expect(pause).toBeGreaterThanOrEqual(1600);
      expect(pause).toBeLessThanOrEqual(2400);
    }
  });

  test("is the same for the same seed and has noise in its pauses when it is told to", () => {
    const noisy = { ...options, noiseAmplitude: 0.001 };
    const line = speakInTurn({ ...noisy, random: new Xorshift32(7) });
    expect(speakInTurn({ ...noisy, random: new Xorshift32(7) })).toEqual(line);
    const pause = line.samples.subarray(0, 1600);
    const loudest = pause.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    expect(loudest).toBeGreaterThan(0.0005);
    expect(loudest).toBeLessThanOrEqual(0.001);
  });
});

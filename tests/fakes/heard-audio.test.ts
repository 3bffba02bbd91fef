import { describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { decodeMuLaw, encodeMuLaw } from "../../src/audio/g711.ts";
import { noise, tone } from "../audio/tones.ts";
import { compareSound, findGaps, toneMs, toneShares } from "./heard-audio.ts";

const rateHz = 8_000;
const second = rateHz;

/** Bursts of noise and pauses of unlike lengths, so that no two stretches are alike. */
function babble(seed: number): Float32Array {
  const lengths = [700, 1_900, 350, 2_800, 1_200, 4_100, 900];
  return joinSamples(
    lengths.flatMap((length, index) => [
      noise(length, -20 - index, seed + index),
      new Float32Array(length * 0.7),
    ]),
  );
}

const spoken = babble(1);

describe("tones", () => {
  test("a pure tone holds all energy of each frame, and the frame that is cut short is left out", () => {
    const shares = toneShares(tone({ hz: 1_000, rateHz, samples: second + 90 }), {
      hz: 1_000,
      rateHz,
    });
    expect(shares).toHaveLength(50);
    expect(Math.min(...shares)).toBeGreaterThan(0.99);
  });

  test("another tone, noise and silence hold nearly nothing", () => {
    const question = { hz: 1_000, rateHz };
    for (const samples of [
      tone({ hz: 1_400, rateHz, samples: second }),
      noise(second, -20),
      new Float32Array(second),
    ]) {
      expect(toneMs(samples, question)).toBe(0);
    }
  });

  test("how long a tone lasts is found among other sounds", () => {
    const samples = joinSamples([
      noise(second, -20),
      tone({ hz: 440, rateHz, samples: second / 2 }),
      noise(second, -20),
    ]);
    expect(toneMs(samples, { hz: 440, rateHz })).toBe(500);
  });
});

describe("likeness", () => {
  test.each([0, 1, 777, 12_345])("finds what was said %d samples later, exactly", (lagSamples) => {
    const heard = joinSamples([new Float32Array(lagSamples), spoken]);
    const likeness = compareSound(spoken, heard, { rateHz });
    expect(likeness.lagSamples).toBe(lagSamples);
    expect(likeness.correlation).toBeCloseTo(1, 5);
  });

  test("finds sound whose start is cut off", () => {
    const likeness = compareSound(spoken, spoken.subarray(1_234), { rateHz });
    expect(likeness.lagSamples).toBe(-1_234);
    expect(likeness.correlation).toBeCloseTo(1, 5);
  });

  test("G.711 costs less than 1 %, half the level nothing", () => {
    const coded = decodeMuLaw(encodeMuLaw(spoken));
    const halved = spoken.map((sample) => sample / 2);
    expect(compareSound(spoken, coded, { rateHz }).correlation).toBeGreaterThan(0.99);
    expect(compareSound(spoken, halved, { rateHz }).correlation).toBeCloseTo(1, 5);
  });

  test("one lost packet in ten shows, and so does one packet that came twice", () => {
    const holed = spoken.map((sample, index) => (Math.floor(index / 160) % 10 === 3 ? 0 : sample));
    expect(compareSound(spoken, holed, { rateHz }).correlation).toBeLessThan(0.98);
    const half = 8_000;
    const doubled = joinSamples([spoken.subarray(0, half), spoken.subarray(half - 160)]);
    expect(compareSound(spoken, doubled, { rateHz }).correlation).toBeLessThan(0.9);
  });

  test("something else, silence and nothing at all are not alike", () => {
    expect(compareSound(spoken, babble(99), { rateHz }).correlation).toBeLessThan(0.3);
    expect(compareSound(spoken, new Float32Array(second), { rateHz }).correlation).toBe(0);
    expect(compareSound(spoken, new Float32Array(0), { rateHz }).correlation).toBe(0);
  });
});

describe("gaps", () => {
  const sound = tone({ hz: 300, rateHz, samples: second / 2 });

  test("silence between sounds is a gap, silence around them is none", () => {
    const pause = new Float32Array(second / 10);
    const samples = joinSamples([pause, sound, pause, sound, pause]);
    expect(findGaps(samples, { rateHz })).toEqual([{ startMs: 600, lengthMs: 100 }]);
  });

  test("shorter ones than asked for are left out; noise above the level is no silence", () => {
    const short = new Float32Array(second / 50);
    expect(findGaps(joinSamples([sound, short, sound]), { rateHz })).toEqual([]);
    const hiss = noise(second / 10, -50);
    expect(findGaps(joinSamples([sound, hiss, sound]), { rateHz })).toEqual([]);
    expect(findGaps(joinSamples([sound, hiss, sound]), { rateHz, belowDbfs: -40 })).toHaveLength(1);
  });
});

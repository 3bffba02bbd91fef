import { describe, expect, test } from "bun:test";
import { busy, dtmf, ringBack } from "../../bench/call-tones.ts";
import { lineSounds, overTelephone, recordOverTelephone } from "../../bench/line-sounds.ts";
import { lineRateHz, lowPassNoise, pinkNoise, type Sound, whiteNoise } from "../../bench/noise.ts";
import { Xorshift32 } from "../../bench/xorshift.ts";
import { levelDbfs, silenceDbfs } from "../../src/audio/level.ts";
import { amplitudeDb } from "../audio/tones.ts";

const rateHz = 16_000;

function take(sound: Sound, ms: number): Float32Array {
  return Float32Array.from({ length: (ms * lineRateHz) / 1000 }, sound);
}

/** Mean power at some frequencies around one, in dB. */
function powerDb(samples: Float32Array, hz: number): number {
  const block = 2048;
  let sum = 0;
  for (let at = 0; at + block <= samples.length; at += block) {
    sum += 10 ** (amplitudeDb(samples.subarray(at, at + block), hz, lineRateHz) / 10);
  }
  return 10 * Math.log10(sum);
}

/** How long it is loud and how long silent, by turns, in milliseconds, to 5 ms. */
function cadence(sound: Sound, ms: number): number[] {
  const lengths: number[] = [];
  let wasLoud = true;
  for (let at = 0; at < ms; at += 5) {
    const isLoud = levelDbfs(take(sound, 5)) > -50;
    if (isLoud === wasLoud && lengths.length > 0) lengths.push((lengths.pop() ?? 0) + 5);
    else lengths.push(5);
    wasLoud = isLoud;
  }
  return lengths;
}

describe("noise", () => {
  const makers: readonly [string, (random: Xorshift32) => Sound][] = [
    ["white", whiteNoise],
    ["pink", pinkNoise],
    ["low-pass", (random) => lowPassNoise(random, 800)],
  ];
  test.each(makers)("%s has power 1, and is the same for the same seed", (_name, make) => {
    const samples = take(make(new Xorshift32(5)), 20_000);
    expect(Math.abs(levelDbfs(samples))).toBeLessThan(0.5);
    expect(take(make(new Xorshift32(5)), 20_000)).toEqual(samples);
    expect(take(make(new Xorshift32(6)), 20_000)).not.toEqual(samples);
  });

  test("pink falls by 3 dB an octave, white stays level", () => {
    const pink = take(pinkNoise(new Xorshift32(5)), 30_000);
    const white = take(whiteNoise(new Xorshift32(5)), 30_000);
    expect(Math.abs(powerDb(pink, 200) - powerDb(pink, 1600) - 9)).toBeLessThan(2);
    expect(Math.abs(powerDb(white, 200) - powerDb(white, 1600))).toBeLessThan(2);
  });
});

describe("tones", () => {
  test("ring-back rings as in Germany, North America and the United Kingdom, for 20 s each", () => {
    const sound = ringBack();
    expect(cadence(sound, 20_000)).toEqual([1000, 4000, 1000, 4000, 1000, 4000, 1000, 4000]);
    expect(cadence(sound, 24_000)).toEqual([2000, 4000, 2000, 4000, 2000, 4000, 2000, 4000]);
    expect(cadence(sound, 6000)).toEqual([400, 200, 400, 2000, 400, 200, 400, 2000]);
  });

  test("busy has the frequencies and cadences of the three countries", () => {
    const sound = busy();
    const german = take(sound, 960 * 21);
    expect(powerDb(german, 425) - powerDb(german, 480)).toBeGreaterThan(20);
    expect(cadence(sound, 2000)).toEqual([500, 500, 500, 500]);
    const american = take(sound, 18_000);
    expect(powerDb(american, 620) - powerDb(american, 425)).toBeGreaterThan(20);
    expect(cadence(sound, 1500)).toEqual([375, 375, 375, 375]);
  });

  test("DTMF digits are one row and one column each, and every one of the sixteen comes", () => {
    const sound = dtmf(new Xorshift32(9));
    const rows = [697, 770, 852, 941];
    const columns = [1209, 1336, 1477, 1633];
    const digits = new Set<string>();
    let tone: number[] = [];
    for (let at = 0; at < 60_000; at += 10) {
      const part = take(sound, 10);
      if (levelDbfs(part) > -50) {
        tone.push(...part);
      } else if (tone.length > 0) {
        digits.add(digitOf(Float32Array.from(tone), rows, columns));
        tone = [];
      }
    }
    expect([...digits].toSorted()).toEqual(
      rows.flatMap((row) => columns.map((column) => `${row} ${column}`)).toSorted(),
    );
  });
});

/** The strongest row and column; fails when others are as strong. */
function digitOf(tone: Float32Array, rows: readonly number[], columns: readonly number[]): string {
  return [rows, columns]
    .map((group) => {
      const byPower = group
        .map((hz) => ({ hz, db: amplitudeDb(tone, hz, lineRateHz) }))
        .toSorted((a, b) => b.db - a.db);
      expect((byPower[0]?.db ?? 0) - (byPower[1]?.db ?? 0)).toBeGreaterThan(10);
      return byPower[0]?.hz;
    })
    .join(" ");
}

describe("over the telephone", () => {
  test.each(lineSounds)("$name is 16 kHz sound within -1..1, the same each time", ({ start }) => {
    const recording = recordOverTelephone(start(), 2000);
    expect(Math.abs(recording.length - 2 * rateHz)).toBeLessThan(rateHz / 100);
    expect(recording.every((sample) => Math.abs(sample) <= 1)).toBe(true);
    expect(recordOverTelephone(start(), 2000)).toEqual(recording);
  });

  test.each([
    ["digital silence", silenceDbfs],
    ["comfort noise", -60],
    ["pink noise at -50 dBFS", -50],
    ["pink noise at -35 dBFS", -35],
    ["pink noise at -25 dBFS", -25],
  ])("%s has %d dBFS", (name, dbfs) => {
    const sound = lineSounds.find((one) => one.name === name);
    const recording = recordOverTelephone(sound?.start() ?? (() => 1), 10_000);
    expect(Math.abs(levelDbfs(recording) - dbfs)).toBeLessThan(1);
  });

  test("music goes on without a pause, louder and softer, and is no steady tone", () => {
    const music = lineSounds.find(({ name }) => name === "music on hold");
    const levels: number[] = [];
    for (const packet of overTelephone(music?.start() ?? (() => 0), 20_000)) {
      levels.push(levelDbfs(packet));
    }
    expect(Math.max(...levels)).toBeGreaterThan(-15);
    const quiet = levels.filter((level) => level < -45).length;
    expect(quiet / levels.length).toBeLessThan(0.1);
    expect(new Set(levels.map((level) => Math.round(level))).size).toBeGreaterThan(10);
  });
});

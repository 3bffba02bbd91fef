import { describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { type GateVerdict, holdWindows, SpeechGate } from "../../src/whisper/speech-gate.ts";
import { voiceWindowSamples } from "../../src/whisper/voice-activity.ts";
import { noise, tone } from "../audio/tones.ts";

const rateHz = 16_000;

function windowsOf(seconds: number): number {
  return Math.round((seconds * rateHz) / voiceWindowSamples);
}

function hiss(windows: number, dbfs: number): Float32Array {
  return noise(windows * voiceWindowSamples, dbfs, windows);
}

function voice(windows: number, amplitude = 0.3): Float32Array {
  return tone({ hz: 300, rateHz, samples: windows * voiceWindowSamples, amplitude });
}

function silence(windows: number): Float32Array {
  return new Float32Array(windows * voiceWindowSamples);
}

function judge(parts: readonly Float32Array[], gate = new SpeechGate()): GateVerdict[] {
  const samples = joinSamples(parts);
  const verdicts: GateVerdict[] = [];
  for (let start = 0; start < samples.length; start += voiceWindowSamples) {
    verdicts.push(gate.judge(samples.subarray(start, start + voiceWindowSamples)));
  }
  return verdicts;
}

/** Numbers of the windows with an open gate. */
function openAt(verdicts: readonly GateVerdict[]): number[] {
  return verdicts.flatMap(({ isOpen }, index) => (isOpen ? [index] : []));
}

describe("the gate is closed", () => {
  test.each([
    ["on digital silence", silence(windowsOf(60))],
    ["on a constant offset", silence(windowsOf(60)).fill(0.4)],
    ["on a line with hiss of -65 dBFS", hiss(windowsOf(60), -65)],
  ])("%s", (_name, samples) => {
    expect(openAt(judge([samples]))).toEqual([]);
  });

  test.each([-50, -35, -20])("on steady noise of %i dBFS, once it is learnt", (dbfs) => {
    const open = openAt(judge([hiss(windowsOf(30), dbfs)]));
    expect(open.at(-1) ?? 0).toBeLessThan(windowsOf(8) + holdWindows);
  });
});

describe("the gate opens", () => {
  test("with the very window in which speech begins, also the first of all", () => {
    expect(openAt(judge([silence(50), voice(1)]))).toEqual([50]);
    expect(openAt(judge([voice(1)]))).toEqual([0]);
  });

  test("above a noise that is learnt, for speech that is 6 dB louder", () => {
    const noisy = hiss(windowsOf(12), -40);
    const word = voice(5, 2 * Math.SQRT2 * 10 ** (-40 / 20));
    const start = windowsOf(10);
    for (const [index, sample] of word.entries()) {
      const at = start * voiceWindowSamples + index;
      noisy[at] = (noisy[at] ?? 0) + sample;
    }
    const open = openAt(judge([noisy])).filter((window) => window >= windowsOf(8));
    expect(open[0]).toBe(start);
  });

  test("for speech whatever the offset of the line, and for speech that clips", () => {
    const offset = joinSamples([silence(30), voice(3)]).map((sample) => sample + 0.4);
    expect(openAt(judge([offset]))).toEqual([30, 31, 32]);
    const clipped = voice(3, 20).map((sample) => Math.max(-1, Math.min(1, sample)));
    expect(openAt(judge([silence(30), clipped]))).toEqual([30, 31, 32]);
  });
});

test("the gate stays open for four seconds after the last sound, and no longer", () => {
  expect(holdWindows).toBe(windowsOf(4));
  const open = openAt(judge([silence(10), voice(2), silence(2 * holdWindows)]));
  const last = open.at(-1) ?? 0;
  // The level filter rings on for a window.
  expect(last).toBeGreaterThanOrEqual(11 + holdWindows - 1);
  expect(last).toBeLessThanOrEqual(11 + holdWindows);
  expect(open).toEqual(Array.from({ length: last - 9 }, (_, index) => 10 + index));
});

test("sound that rises and falls as speech does keeps it open for as long as it lasts", () => {
  const syllable = joinSamples([voice(6), voice(2, 0.01)]);
  const verdicts = judge(Array.from({ length: 352 }, () => syllable));
  expect(openAt(verdicts)).toHaveLength(verdicts.length);
});

test("what is no louder than the noise has nothing in it but for the first window behind a word", () => {
  const verdicts = judge([hiss(windowsOf(10), -40), hiss(5, -34), hiss(windowsOf(1), -40)]);
  const learnt = verdicts.slice(windowsOf(6));
  const word = windowsOf(10) - windowsOf(6);
  expect(learnt.map(({ isBare }) => !isBare)).toEqual(
    learnt.map((_, index) => index >= word && index <= word + 5),
  );
});

describe("energy alone takes for speech", () => {
  test("what is 9 dB above the noise, window by window, without holding on", () => {
    const verdicts = judge([hiss(windowsOf(10), -40), hiss(5, -34), hiss(5, -26), hiss(5, -40)]);
    const loud = verdicts.flatMap(({ isLoud }, index) => (isLoud ? [index] : []));
    const start = windowsOf(10) + 5;
    expect(loud.filter((window) => window >= windowsOf(6))).toEqual(
      Array.from({ length: 5 }, (_, index) => start + index),
    );
  });

  test("nothing that the gate keeps back", () => {
    for (const { isOpen, isLoud } of judge([hiss(300, -30), silence(100), voice(9), silence(50)])) {
      expect(isLoud && !isOpen).toBe(false);
    }
  });
});

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import type { CuttingOptions } from "../../src/audio/utterance-cutter.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import {
  frameSamples,
  rateHz,
  asHeard,
  endFrames,
  preRollSamples,
  Rig,
  frames,
  isSpan,
  contentOf,
  mean,
} from "./cutting-rig.ts";

// Hours of sound, on a machine that may have other things to do.
setDefaultTimeout(60_000);

describe("positions", () => {
  test("a stream that starts in mid-word begins with its first sample", () => {
    const rig = new Rig();
    rig.feed([...frames(10, 0.9), ...frames(endFrames, 0)]);
    expect(rig.events[0]).toEqual({ kind: "speech-start", positionSamples: 0 });
    expect(rig.utterances[0]?.startSample).toBe(0);
  });

  test("the pre-roll is 350 ms and never reaches into the utterance before", () => {
    for (let silent = endFrames; silent < 40; silent += 1) {
      const rig = new Rig();
      rig.feed([...frames(10, 0.9), ...frames(silent, 0), ...frames(10, 0.9)]);
      rig.flush();
      const [first, second] = rig.utterances;
      const wanted = (10 + silent) * frameSamples - preRollSamples;
      expect(second?.startSample).toBe(Math.max(wanted, first?.endSample ?? 0));
    }
  });

  test("after an hour of silence an utterance is where it is", () => {
    const rig = new Rig();
    const hour = Math.round((3_600 * rateHz) / frameSamples);
    const silence = new Float32Array(frameSamples);
    for (let count = 0; count < hour; count += 1) rig.cutter.addFrame(silence, 0, () => undefined);
    rig.position = hour * frameSamples;
    rig.feed([...frames(10, 0.9), ...frames(endFrames, 0)]);
    expect(rig.events[0]).toEqual({ kind: "speech-start", positionSamples: hour * frameSamples });
    expect(rig.utterances[0]?.startSample).toBe(hour * frameSamples - preRollSamples);
    expect(rig.cutter.positionSamples).toBe(rig.position);
  });

  test("flush takes the last sound that filled no frame, and the stream goes on behind it", () => {
    const rig = new Rig();
    rig.feed(frames(10, 0.9));
    rig.flush(300);
    rig.feed([...frames(10, 0.8), ...frames(endFrames, 0)]);
    const [first, second] = rig.utterances;
    expect(first).toMatchObject({ startSample: 0, endSample: 10 * frameSamples + 300 });
    expect(isSpan(first?.samples, 0, 10 * frameSamples + 300)).toBe(true);
    expect(second?.startSample).toBe(10 * frameSamples + 300);
    expect(contentOf(second)).toMatchObject({ isWhole: true });
    expect(second?.speechProbability).toBeCloseTo(0.8, 6);
  });

  test("flush without an open utterance reports nothing, however often it comes", () => {
    const rig = new Rig({ maxUtteranceMs: 2_000 });
    rig.flush();
    for (let count = 0; count < 500; count += 1) rig.flush(511);
    rig.feed(frames(2, 0.9));
    rig.flush(100);
    expect(rig.events).toEqual([]);
    expect(rig.cutter.positionSamples).toBe(rig.position);
  });

  test("the open utterance can be looked at, from its pre-roll to now", () => {
    const rig = new Rig();
    rig.feed([...frames(20, 0), 0.9, 0.9]);
    expect(rig.cutter.peek()).toBeUndefined();
    rig.feed([0.9, 0]);
    const start = 20 * frameSamples - preRollSamples;
    expect(isSpan(rig.cutter.peek(), start, 24 * frameSamples)).toBe(true);
    rig.feed(frames(endFrames, 0));
    expect(rig.cutter.peek()).toBeUndefined();
  });
});

describe("the greatest length", () => {
  test("90 s of speech without a pause: the utterances join to the input", () => {
    const rig = new Rig();
    rig.feed(frames(2_813, 0.9));
    rig.flush(77);
    expect(rig.kinds.filter((kind) => kind === "speech-start")).toHaveLength(1);
    expect(rig.utterances.length).toBeGreaterThanOrEqual(10);
    for (const { samples } of rig.utterances)
      expect(samples.length).toBeLessThanOrEqual(9 * rateHz);
    const joined = joinSamples(rig.utterances.map(({ samples }) => samples));
    expect(isSpan(joined, 0, rig.position)).toBe(true);
  });

  test("silence that is longer than an utterance may be is no utterance", () => {
    const rig = new Rig({ maxUtteranceMs: 1_000, endSilenceMs: 5_000 });
    rig.feed([...frames(10, 0.9), ...frames(300, 0)]);
    expect(rig.kinds).toEqual(["speech-start", "pause", "utterance"]);
    rig.feed([...frames(10, 0.9), ...frames(300, 0)]);
    expect(rig.utterances).toHaveLength(2);
  });
});

/** Probabilities as a detector gives them: runs of speech and of silence, and some of neither. */
function randomProbabilities(random: SeededRandom, count: number): number[] {
  const probabilities: number[] = [];
  while (probabilities.length < count) {
    const least = random.pick([0, 0, 0.2, 0.4, 0.6, 0.8]);
    const run = random.pick([1, 2, 4, 10, 30, 100]);
    for (let left = random.between(1, run); left > 0; left -= 1) {
      probabilities.push(Math.min(1, least + random.unit() * 0.25));
    }
  }
  return probabilities.slice(0, count);
}

interface Trial {
  readonly rig: Rig;
  readonly options: CuttingOptions;
  /** Frames, by position, that were speech while an utterance was open and reported. */
  readonly spoken: readonly number[];
}

function runTrial(random: SeededRandom): Trial {
  const trailingMs = random.pick([0, 100, 128]);
  const options: CuttingOptions = {
    ...asHeard,
    startMs: random.pick([32, 60, 96]),
    minSpeechMs: random.pick([30, 96, 300]),
    pauseMs: random.pick([0, 128, 200]),
    endSilenceMs: random.pick([200, 500, 900]),
    preRollMs: random.pick([0, 100, 350]),
    trailingMs,
    maxUtteranceMs: random.pick([2_000, 3_000, 9_000]),
  };
  const rig = new Rig(options);
  const spoken: number[] = [];
  let promised = 0;
  for (const probability of randomProbabilities(random, 600)) {
    const before = rig.utterances.length;
    const start = rig.position;
    rig.feed([probability]);
    const isReported = rig.cutter.isSpeaking || rig.utterances.length > before;
    if (isReported && probability >= options.endProbability) spoken.push(start);
    if (random.between(1, 150) === 1) rig.flush(random.between(0, 511));
    for (const { startSample } of rig.utterances.slice(before)) {
      expect(startSample).toBeGreaterThanOrEqual(promised);
    }
    expect(rig.cutter.earliestOpenSample).toBeGreaterThanOrEqual(promised);
    promised = rig.cutter.earliestOpenSample;
    expect(rig.cutter.positionSamples).toBe(rig.position);
  }
  rig.flush(random.between(0, 511));
  return { rig, options, spoken };
}

function onEachTrial(check: (trial: Trial) => void): void {
  for (let seed = 1; seed <= 60; seed += 1) check(runTrial(new SeededRandom(seed)));
}

describe("whatever the probabilities are", () => {
  test("utterances are in order, apart, within the limit, and hold the samples of their span", () => {
    onEachTrial(({ rig, options }) => {
      let end = 0;
      for (const { startSample, endSample, samples } of rig.utterances) {
        expect(startSample).toBeGreaterThanOrEqual(end);
        expect(samples.length).toBeLessThanOrEqual((options.maxUtteranceMs * rateHz) / 1_000);
        expect(isSpan(samples, startSample, endSample)).toBe(true);
        end = endSample;
      }
    });
  });

  test("every frame of speech, from the reported start on, is in an utterance", () => {
    onEachTrial(({ rig, spoken }) => {
      const starts = rig.events.filter((event) => event.kind === "speech-start");
      const wanted = [...spoken, ...starts.map(({ positionSamples }) => positionSamples)];
      for (const start of wanted) {
        let covered = 0;
        for (const { startSample, endSample } of rig.utterances) {
          const end = Math.min(endSample, start + frameSamples);
          covered += Math.max(0, end - Math.max(start, startSample));
        }
        expect(covered).toBe(frameSamples);
      }
    });
  });

  test("a pause is followed by resume, or by an utterance that is exactly the pause", () => {
    let pauses = 0;
    onEachTrial(({ rig }) => {
      for (const [index, event] of rig.events.entries()) {
        if (event.kind !== "pause") continue;
        pauses += 1;
        const next = rig.events[index + 1];
        expect(["resume", "utterance"]).toContain(next?.kind ?? "nothing");
        if (next?.kind === "utterance") expect(contentOf(next)).toEqual(contentOf(event));
      }
    });
    expect(pauses).toBeGreaterThan(100);
  });

  test("each speech-start is followed by an utterance that holds it, and none comes without", () => {
    onEachTrial(({ rig }) => {
      let isStarted = false;
      const told = rig.events.filter(({ kind }) => kind !== "pause" && kind !== "resume");
      for (const [index, event] of told.entries()) {
        if (event.kind === "utterance") expect(isStarted).toBe(true);
        if (event.kind !== "speech-start") continue;
        isStarted = true;
        const next = told[index + 1];
        expect(next?.kind).toBe("utterance");
        if (next?.kind !== "utterance") continue;
        expect(next.startSample).toBeLessThanOrEqual(event.positionSamples);
        expect(next.endSample).toBeGreaterThan(event.positionSamples);
      }
    });
  });

  test("the probability is the mean of the frames from the onset to the last speech", () => {
    onEachTrial(({ rig, options }) => {
      let onset = 0;
      for (const event of rig.events) {
        if (event.kind === "speech-start") onset = event.positionSamples;
        if (event.kind !== "utterance" && event.kind !== "pause") continue;
        const own = rig.frames.filter(
          ({ startSample }) =>
            startSample + frameSamples > Math.max(onset, event.startSample) &&
            startSample < event.endSample,
        );
        const last = own.findLastIndex(({ probability }) => probability >= options.endProbability);
        const values = own.slice(0, last + 1).map(({ probability }) => probability);
        expect(event.speechProbability).toBeCloseTo(mean(values), 5);
      }
    });
  });
});

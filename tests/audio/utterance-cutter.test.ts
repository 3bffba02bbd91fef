import { describe, expect, test } from "bun:test";
import {
  type CuttingEvent,
  type CuttingOptions,
  UtteranceCutter,
} from "../../src/audio/utterance-cutter.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { concatenate } from "./tones.ts";

const frameSamples = 512;
const rateHz = 16_000;
/** As a call is heard: frames of 32 ms, so that 128 ms are 4 frames and 500 ms are 16. */
const asHeard: CuttingOptions = {
  sampleRateHz: rateHz,
  frameSamples,
  startProbability: 0.5,
  endProbability: 0.35,
  startMs: 32,
  minSpeechMs: 96,
  pauseMs: 128,
  endSilenceMs: 500,
  preRollMs: 350,
  trailingMs: 128,
  maxUtteranceMs: 9_000,
};
const pauseFrames = 4;
const endFrames = 16;
const preRollSamples = 5_600;
const trailingSamples = 2_048;

type Utterance = Extract<CuttingEvent, { kind: "utterance" }>;
type Pause = Extract<CuttingEvent, { kind: "pause" }>;

/** Feeds a stream in which each sample is worth its own position, so that copies can be checked. */
class Rig {
  readonly cutter: UtteranceCutter;
  readonly #soundOf: (position: number) => number;
  readonly events: CuttingEvent[] = [];
  /** Where each frame of the stream began, and its probability. */
  readonly frames: { readonly startSample: number; readonly probability: number }[] = [];
  position = 0;

  constructor(
    options: Partial<CuttingOptions> = {},
    soundOf: (position: number) => number = (position) => position,
  ) {
    this.cutter = new UtteranceCutter({ ...asHeard, ...options });
    this.#soundOf = soundOf;
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  get utterances(): Utterance[] {
    return this.events.filter((event) => event.kind === "utterance");
  }

  get pauses(): Pause[] {
    return this.events.filter((event) => event.kind === "pause");
  }

  feed(probabilities: readonly number[]): void {
    for (const probability of probabilities) {
      this.frames.push({ startSample: this.position, probability });
      const frame = numbered(this.position, this.position + frameSamples).map(this.#soundOf);
      this.position += frameSamples;
      this.cutter.addFrame(frame, probability, (event) => this.events.push(event));
    }
  }

  flush(restSamples = 0): void {
    const rest = numbered(this.position, this.position + restSamples);
    this.position += restSamples;
    this.cutter.flush(rest, (event) => this.events.push(event));
  }
}

function numbered(from: number, to: number): Float32Array {
  return Float32Array.from({ length: to - from }, (_, index) => from + index);
}

function frames(count: number, probability: number): number[] {
  return Array.from({ length: count }, () => probability);
}

/** True when the samples are those of this span of a numbered stream, none lost and none doubled. */
function isSpan(samples: Float32Array | undefined, from: number, to: number): boolean {
  return samples?.length === to - from && samples.every((value, index) => value === from + index);
}

/** What an event says of an utterance, whatever kind of event it is. */
function contentOf(event: Pause | Utterance | undefined): unknown {
  if (event === undefined) return undefined;
  const { startSample, endSample, samples, speechProbability } = event;
  const isWhole = isSpan(samples, startSample, endSample);
  return { startSample, endSample, isWhole, speechProbability };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("a pause", () => {
  test("is reported once, after 128 ms of silence, and the utterance is exactly that", () => {
    const rig = new Rig();
    rig.feed([...frames(20, 0), ...frames(10, 0.9), ...frames(pauseFrames - 1, 0)]);
    expect(rig.kinds).toEqual(["speech-start"]);
    rig.feed([0]);
    expect(rig.kinds).toEqual(["speech-start", "pause"]);
    rig.feed(frames(endFrames - pauseFrames - 1, 0));
    expect(rig.kinds).toEqual(["speech-start", "pause"]);
    rig.feed([0]);
    expect(rig.kinds).toEqual(["speech-start", "pause", "utterance"]);
    const [utterance] = rig.utterances;
    expect(contentOf(utterance)).toEqual(contentOf(rig.pauses[0]));
    expect(utterance?.reason).toBe("silence");
    expect(utterance?.startSample).toBe(20 * frameSamples - preRollSamples);
    expect(utterance?.endSample).toBe(30 * frameSamples + trailingSamples);
  });

  test.each([0, 1, 511])(
    "is the utterance when the stream ends in it with %i samples more",
    (rest) => {
      for (let silent = pauseFrames; silent < endFrames; silent += 1) {
        const rig = new Rig();
        rig.feed([...frames(20, 0), ...frames(10, 0.9), ...frames(silent, 0.1)]);
        rig.flush(rest);
        expect(rig.kinds).toEqual(["speech-start", "pause", "utterance"]);
        expect(contentOf(rig.utterances[0])).toEqual(contentOf(rig.pauses[0]));
        expect(rig.utterances[0]?.reason).toBe("flush");
      }
    },
  );

  test("is the utterance when the greatest length is reached within it", () => {
    // The pause comes after 48 frames of 62, and 500 ms of silence would end after the limit.
    const rig = new Rig({ maxUtteranceMs: 2_000 });
    rig.feed([...frames(48, 0.9), ...frames(30, 0)]);
    expect(rig.kinds).toEqual(["speech-start", "pause", "utterance"]);
    expect(contentOf(rig.utterances[0])).toEqual(contentOf(rig.pauses[0]));
    expect(rig.utterances[0]?.reason).toBe("max-length");
    expect(rig.cutter.isSpeaking).toBe(false);
  });

  test("is taken back when speech goes on, and the next one holds all of it", () => {
    const rig = new Rig();
    rig.feed([...frames(5, 0.9), ...frames(6, 0), ...frames(5, 0.9), ...frames(endFrames, 0)]);
    expect(rig.kinds).toEqual(["speech-start", "pause", "resume", "pause", "utterance"]);
    const [first, second] = rig.pauses;
    expect(first?.endSample).toBe(5 * frameSamples + trailingSamples);
    expect(second?.startSample).toBe(first?.startSample ?? -1);
    expect(contentOf(rig.utterances[0])).toEqual(contentOf(second));
  });

  test("that is shorter than 128 ms is none", () => {
    const rig = new Rig();
    rig.feed([...frames(5, 0.9), ...frames(pauseFrames - 1, 0), ...frames(5, 0.9)]);
    expect(rig.kinds).toEqual(["speech-start"]);
  });

  test("is never reported of what may still be a click, nor with 0 as its length", () => {
    const click = new Rig();
    click.feed([...frames(2, 0.9), ...frames(10, 0)]);
    expect(click.kinds).toEqual([]);
    const without = new Rig({ pauseMs: 0 });
    without.feed([...frames(10, 0.9), ...frames(endFrames, 0)]);
    expect(without.kinds).toEqual(["speech-start", "utterance"]);
  });

  test("is not reported of the silence that a split leaves behind", () => {
    const spoken = 59 * frameSamples;
    const soundOf = (position: number): number => (position < spoken ? position % 2 : 0);
    const rig = new Rig({ maxUtteranceMs: 2_000 }, soundOf);
    // The limit of 62 frames comes three frames after the last word, before they are a pause.
    rig.feed([...frames(59, 0.9), ...frames(3, 0)]);
    expect(rig.kinds).toEqual(["speech-start", "utterance"]);
    expect(rig.utterances[0]?.endSample).toBeGreaterThan(spoken);
    rig.feed(frames(endFrames - 4, 0));
    expect(rig.cutter.isSpeaking).toBe(true);
    rig.feed([0]);
    expect(rig.cutter.isSpeaking).toBe(false);
    expect(rig.kinds).toEqual(["speech-start", "utterance"]);
  });

  test("is reported of speech that a split leaves behind", () => {
    const rig = new Rig({ maxUtteranceMs: 2_000 });
    rig.feed([...frames(70, 0.9), ...frames(endFrames, 0)]);
    expect(rig.kinds).toEqual(["speech-start", "utterance", "pause", "utterance"]);
    expect(contentOf(rig.utterances[1])).toEqual(contentOf(rig.pauses[0]));
  });

  test("carries samples of its own, which later sound does not touch", () => {
    const rig = new Rig();
    rig.feed([...frames(10, 0.9), ...frames(pauseFrames, 0)]);
    const pause = rig.pauses[0];
    rig.feed([...frames(endFrames, 0), ...frames(200, 0.9)]);
    expect(isSpan(pause?.samples, 0, 10 * frameSamples + trailingSamples)).toBe(true);
  });
});

describe("the probability of an utterance", () => {
  test("is the mean from the onset to the last frame with speech", () => {
    const spoken = [0.5, 0.8, 0.1, 0.4, 0.34, 0.36];
    const rig = new Rig();
    rig.feed([...frames(20, 0.2), ...spoken, ...frames(endFrames, 0.3)]);
    expect(rig.pauses[0]?.speechProbability).toBeCloseTo(mean(spoken), 6);
    expect(rig.utterances[0]?.speechProbability).toBeCloseTo(mean(spoken), 6);
  });

  test("does not hold frames of the utterance before", () => {
    const rig = new Rig();
    rig.feed([...frames(10, 0.9), ...frames(20, 0), ...frames(10, 0.6), ...frames(20, 0)]);
    expect(rig.utterances[0]?.speechProbability).toBeCloseTo(0.9, 6);
    expect(rig.utterances[1]?.speechProbability).toBeCloseTo(0.6, 6);
  });

  test("counts a word that was broken off before the speech began as never said", () => {
    const rig = new Rig({ startMs: 64 });
    rig.feed([0.9, 0.1, ...frames(10, 0.6), ...frames(20, 0)]);
    expect(rig.utterances[0]?.speechProbability).toBeCloseTo(0.6, 6);
  });

  test("of what a split leaves behind is that of its own frames, even if no more are spoken", () => {
    const rig = new Rig({ maxUtteranceMs: 2_000 });
    rig.feed([...frames(40, 0.9), ...frames(22, 0.6), ...frames(endFrames, 0)]);
    const [first, second] = rig.utterances;
    expect(first?.reason).toBe("max-length");
    // The cut is in the last third, among frames of 0.6.
    const ownFrames = Math.ceil((first?.endSample ?? 0) / frameSamples);
    const own = [...frames(40, 0.9), ...frames(ownFrames - 40, 0.6)];
    expect(first?.speechProbability).toBeCloseTo(mean(own), 6);
    expect(second?.speechProbability).toBeCloseTo(0.6, 6);
  });
});

describe("thresholds", () => {
  test.each([
    [0.5, 1],
    [0.49, 0],
  ])("speech begins with a probability of %p: %i utterances", (probability, utterances) => {
    const rig = new Rig();
    rig.feed([...frames(10, probability), ...frames(endFrames, 0)]);
    expect(rig.utterances).toHaveLength(utterances);
  });

  test.each([
    [0.35, 30],
    [0.34, 10],
  ])("speech that has begun goes on with %p: it ends with frame %i", (probability, endFrame) => {
    const rig = new Rig();
    rig.feed([...frames(10, 0.9), ...frames(20, probability), ...frames(endFrames, 0)]);
    expect(rig.utterances[0]?.endSample).toBe(endFrame * frameSamples + trailingSamples);
  });

  test("the lower threshold holds for speech that is not reported yet", () => {
    const rig = new Rig();
    rig.feed([0.5, 0.35]);
    expect(rig.cutter.isOpen).toBe(true);
    expect(rig.cutter.isSpeaking).toBe(false);
    rig.feed([0.35]);
    expect(rig.events).toEqual([{ kind: "speech-start", positionSamples: 0 }]);
    expect(rig.cutter.isSpeaking).toBe(true);
  });

  test("less than 96 ms of speech, in all, was a click; soon after one another they add up", () => {
    const clicks = new Rig();
    clicks.feed([0.9, 0.9, ...frames(endFrames, 0), 0.9, 0.9, ...frames(endFrames, 0)]);
    expect(clicks.events).toEqual([]);
    const stutter = new Rig();
    stutter.feed([0, 0.9, ...frames(5, 0), 0.9, ...frames(5, 0), 0.9, ...frames(endFrames, 0)]);
    expect(stutter.events[0]).toEqual({ kind: "speech-start", positionSamples: frameSamples });
    expect(stutter.utterances[0]?.endSample).toBe(14 * frameSamples + trailingSamples);
  });

  test("a start takes its frames in a row", () => {
    const rig = new Rig({ startMs: 96 });
    rig.feed([0.9, 0.9, 0.4, 0.9, 0.9, 0.4, ...frames(endFrames, 0)]);
    expect(rig.events).toEqual([]);
    rig.feed([0.9, 0.9, 0.9]);
    expect(rig.events).toEqual([{ kind: "speech-start", positionSamples: 22 * frameSamples }]);
  });
});

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
    const joined = concatenate(rig.utterances.map(({ samples }) => samples));
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

import { describe, expect, test } from "bun:test";
import {
  frameSamples,
  pauseFrames,
  endFrames,
  preRollSamples,
  trailingSamples,
  Rig,
  frames,
  isSpan,
  contentOf,
  mean,
} from "./cutting-rig.ts";

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
    expect(utterance?.silenceSamples).toBe(endFrames * frameSamples);
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
        expect(rig.utterances[0]?.silenceSamples).toBe(silent * frameSamples + rest);
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

import { describe, expect, test } from "bun:test";
import {
  endSilenceMs,
  timeFinal,
  trailingSamples,
  UtteranceEnds,
} from "../../bench/final-timing.ts";

const line = { samples: new Float32Array(64_000), soundEnds: [16_000, 48_000] };
/** As if each sample were sent when it is spoken. */
const sentAtMs = (sample: number): number => Math.ceil(sample / 16);

describe("the ends of utterances", () => {
  test("are the positions right behind a transcript with words", () => {
    const ends = new UtteranceEnds();
    ends.position(1000);
    ends.transcript("Two four six.");
    ends.position(20_000);
    ends.position(30_000);
    ends.transcript("");
    ends.position(40_000);
    ends.transcript("Until eleven fifty.");
    ends.position(50_000);
    expect(ends.samples).toEqual([20_000, 50_000]);
  });
});

describe("the timing of a final text", () => {
  test("counts from the last window with speech, beyond the silence that ends an utterance", () => {
    const endSample = 48_640 + trailingSamples;
    const atMs = 3040 + endSilenceMs + 17;
    expect(timeFinal({ line, endSample, atMs, sentAtMs })).toEqual({
      lateMs: 17,
      afterSoundMs: 57,
    });
  });

  test("is negative when the text is there before the silence has passed", () => {
    const endSample = 16_000 + trailingSamples;
    expect(timeFinal({ line, endSample, atMs: 1400, sentAtMs }).lateMs).toBe(-100);
  });

  test("does not exist for an utterance that ends where nobody stopped speaking", () => {
    const endSample = 32_000 + trailingSamples;
    expect(() => timeFinal({ line, endSample, atMs: 3000, sentAtMs })).toThrow(
      "1000 ms from any sentence",
    );
  });

  test("is no number, which passes no bar, when the sound was never sent", () => {
    const endSample = 16_000 + trailingSamples;
    const timing = timeFinal({ line, endSample, atMs: 3000, sentAtMs: () => undefined });
    expect(timing.lateMs).toBeNaN();
  });
});

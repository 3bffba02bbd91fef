/** Calls as they should not be: bursts, gaps, offsets, callers without a pause. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { pauseMs } from "../../src/whisper/hearing.ts";
import { noise } from "../audio/tones.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { eventLoopTurn } from "./event-loop-turn.ts";
import { HearingRig, isSameSound, rateHz, silence, speech } from "./hearing-rig.ts";

// Minutes of sound take seconds, and more beside other work.
setDefaultTimeout(60_000);

interface Span {
  readonly startSample: number;
  readonly endSample: number;
}

function spansOf(rig: HearingRig): Span[] {
  return rig.finals.map(({ utterance: { startSample, endSample } }) => ({
    startSample,
    endSample,
  }));
}

/** A detector that goes by how far the sound swings, so that an offset does not count. */
function swingsBeyond(limit: number): (window: Float32Array) => number {
  return (window) => (Math.max(...window) - Math.min(...window) > limit ? 0.95 : 0.02);
}

async function spansHeard(samples: Float32Array, limit = 0.02): Promise<Span[]> {
  const rig = new HearingRig();
  rig.voice.judge = swingsBeyond(limit);
  rig.recogniser.auto = () => "text";
  await rig.hear(samples);
  await rig.end();
  return spansOf(rig);
}

/** Five utterances with pauses within and between them. */
function conversation(): Float32Array {
  const parts = [silence(700)];
  for (const ms of [400, 1_500, 2_600, 900, 11_000]) {
    parts.push(speech(ms), silence(300), speech(500), silence(900));
  }
  return joinSamples(parts);
}

describe("a caller who never pauses", () => {
  test("for 90 s: the utterances join to the input, and each is decoded", async () => {
    const rig = new HearingRig();
    rig.recogniser.auto = (_request, index) => `text ${index}`;
    const samples = speech(90_000 + 7);
    await rig.hear(samples);
    await rig.end();
    expect(rig.texts).toEqual(rig.texts.map((_, index) => `text ${index}`));
    expect(rig.texts.length).toBeGreaterThanOrEqual(10);
    const parts = rig.finals.map(({ utterance }) => utterance.samples);
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(9 * rateHz);
    expect(isSameSound(joinSamples(parts), samples)).toBe(true);
    expect(rig.events.filter(({ kind }) => kind === "speech-start")).toHaveLength(1);
  });

  test("is cut between two syllables", async () => {
    const rig = new HearingRig();
    rig.recogniser.auto = () => "text";
    await rig.hear(speech(20_000));
    await rig.end();
    for (const { endSample } of spansOf(rig).slice(0, -1)) {
      expect(endSample % 4160).toBeGreaterThanOrEqual(3200);
    }
  });
});

test("a stream that starts in mid-word is heard from its first sample", async () => {
  expect(await spansHeard(joinSamples([speech(800), silence(900)]))).toMatchObject([
    { startSample: 0 },
  ]);
});

describe("hard sound", () => {
  test.each([
    ["a constant offset of the line", 0.02, (sample: number) => sample + 0.4],
    ["clipping", 0.4, (sample: number) => Math.max(-1, Math.min(1, sample * 20))],
    ["a line so soft that speech has -44 dBFS", 0.0006, (sample: number) => sample * 0.03],
  ])("%s changes nothing about the utterances", async (_name, limit, change) => {
    const samples = conversation();
    const reference = await spansHeard(samples);
    expect(reference).toHaveLength(6);
    const heard = await spansHeard(
      samples.map((sample) => change(sample)),
      limit,
    );
    expect(heard).toHaveLength(reference.length);
    for (const [index, span] of heard.entries()) {
      const { startSample = 0, endSample = 0 } = reference[index] ?? {};
      expect(Math.abs(span.startSample - startSample)).toBeLessThanOrEqual(512);
      expect(Math.abs(span.endSample - endSample)).toBeLessThanOrEqual(512);
    }
  });

  test.each([
    ["digital silence", silence(60_000)],
    ["soft hiss", noise(60 * rateHz, -65)],
    ["a constant offset", silence(60_000).fill(0.3)],
  ])("%s for a minute is nothing to decode, and the detector rests", async (_name, samples) => {
    const rig = new HearingRig({ partials: true });
    await rig.hear(samples);
    await rig.end();
    expect(rig.jobs).toEqual([]);
    expect(rig.events).toEqual([]);
    expect(rig.voice.streams).toEqual([]);
    expect(rig.hearing.settledSample).toBeGreaterThan(59 * rateHz);
  });

  test("200 ms of packets that are missing from a word leave one utterance of the rest", async () => {
    const whole = joinSamples([silence(500), speech(2_000), silence(900)]);
    const missing = joinSamples([whole.subarray(0, 1.2 * rateHz), whole.subarray(1.4 * rateHz)]);
    const [span, ...others] = await spansHeard(missing);
    expect(others).toEqual([]);
    const length = (span?.endSample ?? 0) - (span?.startSample ?? 0);
    expect(Math.abs(length - (350 + 1_800 + pauseMs) * 16)).toBeLessThanOrEqual(1024);
  });
});

describe("the utterances are the same", () => {
  test("in a burst of ten times real time, with a detector that cannot keep up", async () => {
    const samples = conversation();
    const reference = await spansHeard(samples);
    const rig = new HearingRig();
    rig.recogniser.auto = () => "text";
    rig.voice.judge = swingsBeyond(0.02);
    rig.voice.answersAtOnce = false;
    rig.voice.limitWindows = 40;
    for (let start = 0; start < samples.length; start += 3200) {
      rig.hearing.hear(samples.subarray(start, start + 3200));
      // Real time is ten windows in 320 ms; here the detector gets through four in 200 ms of sound.
      rig.voice.streams[0]?.answer(4);
      await eventLoopTurn();
    }
    const drained = rig.end();
    while ((rig.voice.streams[0]?.waiting ?? 0) > 0) rig.voice.streams[0]?.answer(4);
    await drained;
    expect(spansOf(rig)).toEqual(reference);
  });

  test("all at once", async () => {
    const samples = conversation();
    const rig = new HearingRig();
    rig.voice.judge = swingsBeyond(0.02);
    rig.recogniser.auto = () => "text";
    rig.hearing.hear(samples);
    await rig.end();
    expect(spansOf(rig)).toEqual(await spansHeard(samples));
  });

  test("however the stream is cut into blocks and whenever the answers come", async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const random = new SeededRandom(seed);
      const parts: Float32Array[] = [];
      for (let count = 0; count < 12; count += 1) {
        parts.push(speech(random.between(20, 3_000)), silence(random.between(20, 1_200)));
      }
      const samples = joinSamples(parts);
      const rig = new HearingRig({ partials: true });
      rig.recogniser.auto = ({ samples: own }) => `${own.length}`;
      rig.voice.judge = swingsBeyond(0.02);
      rig.voice.answersAtOnce = false;
      rig.voice.limitWindows = random.between(9, 60);
      let at = 0;
      while (at < samples.length) {
        const size = random.pick([1, 160, 320, 1_600, 16_000]);
        rig.hearing.hear(samples.subarray(at, at + size));
        at += size;
        rig.clock.advance(size / 16);
        if (random.between(0, 1) === 0) rig.voice.streams[0]?.answer(random.between(1, 40));
        if (random.between(0, 20) === 0) await eventLoopTurn();
      }
      const drained = rig.end();
      while ((rig.voice.streams[0]?.waiting ?? 0) > 0) rig.voice.streams[0]?.answer();
      await drained;
      expect(spansOf(rig)).toEqual(await spansHeard(samples));
      // Every text is that of its own utterance, foreseen or not.
      expect(rig.texts).toEqual(rig.finals.map(({ utterance }) => `${utterance.samples.length}`));
    }
  });
});

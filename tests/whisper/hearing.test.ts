import { describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { ScriptedVoice } from "../fakes/scripted-voice.ts";
import { eventLoopTurn } from "./event-loop-turn.ts";
import { HearingRig, isSameSound, rateHz, silence, speech } from "./hearing-rig.ts";

describe("an utterance", () => {
  test("is decoded during its silence, and told when that is over", async () => {
    const rig = new HearingRig();
    await rig.hear(silence(1_000), speech(800), silence(100));
    expect(rig.jobs).toEqual([]);
    await rig.hear(silence(100));
    expect(rig.jobs).toEqual(["speculative"]);
    rig.recogniser.job(0).answer("hello");
    await rig.hear(silence(200));
    expect(rig.finals).toEqual([]);
    await rig.hear(silence(200));
    expect(rig.jobs).toEqual(["speculative+"]);
    expect(rig.finals).toMatchObject([{ text: "hello", wasForeseen: true }]);
    expect(rig.events.map(({ kind }) => kind)).toEqual(["speech-start", "final"]);
    expect(rig.hearing.utterances).toBe(1);
    expect(rig.hearing.pending).toBe(0);
  });

  test("tells where in the call it is", async () => {
    const rig = new HearingRig();
    rig.recogniser.auto = () => "hello";
    await rig.hear(silence(1_000), speech(800), silence(800));
    const [start, final] = rig.events;
    if (start?.kind !== "speech-start" || final?.kind !== "final") throw new Error("other events");
    // To the window of 32 ms in which it began.
    expect(start.atMs).toBeGreaterThan(1_000 - 32);
    expect(start.atMs).toBeLessThanOrEqual(1_000);
    expect(final.startMs).toBe(start.atMs - 350);
    const { startSample, endSample, samples } = final.final.utterance;
    expect(startSample).toBe(final.startMs * 16);
    expect(samples.length).toBe(endSample - startSample);
    expect(final.final.audioMs).toBe((samples.length * 1_000) / rateHz);
  });

  test("that goes on after a pause is decoded anew, and only the whole of it is told", async () => {
    const rig = new HearingRig();
    await rig.hear(speech(600), silence(300));
    expect(rig.jobs).toEqual(["speculative"]);
    rig.recogniser.job(0).answer("half of it");
    await rig.hear(speech(600));
    await rig.hear(silence(300));
    rig.recogniser.job(1).answer("all of it");
    await rig.hear(silence(400));
    expect(rig.texts).toEqual(["all of it"]);
    expect(rig.recogniser.job(1).sampleCount).toBeGreaterThan(rig.recogniser.job(0).sampleCount);
  });

  test("whose pause ends gives its lane back at once", async () => {
    const rig = new HearingRig();
    await rig.hear(speech(600), silence(300), speech(100));
    expect(rig.jobs).toEqual(["speculative!"]);
    expect(rig.recogniser.open).toEqual([]);
  });

  test.each([0, 100, 200, 400])("is the same when the stream ends %i ms behind it", async (ms) => {
    const rig = new HearingRig();
    rig.recogniser.auto = () => "hello";
    await rig.hear(silence(500), speech(800), silence(ms));
    await rig.end();
    expect(rig.texts).toEqual(["hello"]);
    expect(rig.finals[0]?.wasForeseen).toBe(ms >= 200);
    expect(rig.jobs).toHaveLength(1);
  });

  test("is told before those behind it, though they are decoded first", async () => {
    const rig = new HearingRig();
    await rig.hear(speech(500), silence(700), speech(500), silence(700));
    expect(rig.jobs).toEqual(["speculative+", "speculative+"]);
    rig.recogniser.job(1).answer("second");
    await eventLoopTurn();
    expect(rig.finals).toEqual([]);
    rig.recogniser.job(0).answer("first");
    await eventLoopTurn();
    expect(rig.texts).toEqual(["first", "second"]);
  });

  test("is no click: nothing is decoded and nothing told", async () => {
    const rig = new HearingRig();
    await rig.hear(silence(500), speech(40), silence(2_000));
    await rig.end();
    expect(rig.jobs).toEqual([]);
    expect(rig.events).toEqual([]);
  });

  test("is told as failed when it cannot be decoded, and the next one as it is", async () => {
    const rig = new HearingRig();
    await rig.hear(speech(500), silence(700), speech(500), silence(700));
    rig.recogniser.job(0).fail("out of luck");
    rig.recogniser.job(1).answer("second");
    await rig.end();
    expect(rig.texts).toEqual(["out of luck", "second"]);
  });
});

describe("partial texts", () => {
  test("come while the caller speaks, word by word, until the final takes their place", async () => {
    const rig = new HearingRig({ partials: true });
    const runs: string[] = [];
    rig.recogniser.auto = (request, index) => {
      if (request.urgency === "partial") runs.push(`${Math.round(rig.clock.nowMs())}`);
      return Array.from({ length: index + 1 }, (_, word) => `w${word}`).join(" ");
    };
    await rig.hear(silence(1_000), speech(3_000), silence(800));
    const partials = rig.events.filter((event) => event.kind === "partial");
    expect(partials.length).toBeGreaterThanOrEqual(4);
    expect(partials.slice(0, 3)).toMatchObject([
      { committed: "", tentative: "w0" },
      { committed: "w0", tentative: "w1" },
      { committed: "w0 w1", tentative: "w2" },
    ]);
    for (const [index, at] of runs.entries()) {
      if (index > 0) expect(Number(at) - Number(runs[index - 1])).toBeGreaterThanOrEqual(600);
    }
    const final = rig.events.find((event) => event.kind === "final");
    expect(partials.every(({ startMs }) => startMs === final?.startMs)).toBe(true);
    expect(rig.events.at(-1)?.kind).toBe("final");
  });

  test("are not asked for when no lane is idle, nor when nobody wants them", async () => {
    const busy = new HearingRig({ partials: true });
    busy.recogniser.idleLanes = 0;
    await busy.hear(speech(3_000));
    expect(busy.jobs).toEqual([]);
    const unwanted = new HearingRig({ partials: false });
    await unwanted.hear(speech(3_000));
    expect(unwanted.jobs).toEqual([]);
  });

  test("never come behind the end of their utterance", async () => {
    const rig = new HearingRig({ partials: true });
    await rig.hear(speech(1_000), silence(600));
    expect(rig.jobs).toEqual(["partial!", "speculative+"]);
    rig.recogniser.job(0).answer("too late");
    rig.recogniser.job(1).answer("final");
    await rig.hear(silence(2_000));
    expect(rig.events.map(({ kind }) => kind)).toEqual(["speech-start", "final"]);
    expect(rig.jobs).toHaveLength(2);
  });

  test("are not made of the silence that a split leaves behind", async () => {
    const rig = new HearingRig({ partials: true, maxUtteranceMs: 3_000, endSilenceMs: 2_500 });
    rig.recogniser.auto = () => "text";
    await rig.hear(speech(2_000), silence(1_200));
    expect(rig.texts).toEqual(["text"]);
    const before = rig.jobs.length;
    await rig.hear(silence(3_000));
    expect(rig.jobs).toHaveLength(before);
  });
});

describe("the end of a call", () => {
  test("waits for a detector that is behind, and for the texts of what it finds", async () => {
    const rig = new HearingRig();
    rig.voice.answersAtOnce = false;
    await rig.hear(speech(800));
    rig.hearing.flush();
    let isDrained = false;
    const drained = rig.hearing.drained().then(() => (isDrained = true));
    await eventLoopTurn();
    expect(isDrained).toBe(false);
    expect(rig.jobs).toEqual([]);
    rig.voice.stream.answer();
    await eventLoopTurn();
    expect(rig.jobs).toEqual(["final"]);
    expect(isDrained).toBe(false);
    rig.recogniser.job(0).answer("last words");
    await drained;
    expect(rig.texts).toEqual(["last words"]);
  });

  test("that is given up while the detector is behind comes all the same", async () => {
    const rig = new HearingRig();
    rig.voice.answersAtOnce = false;
    await rig.hear(speech(800));
    rig.hearing.flush();
    const drained = rig.hearing.drained();
    rig.hearing.abort();
    await drained;
    expect(rig.finals).toEqual([]);
  });

  test("that is given up while texts are outstanding tells them as failed", async () => {
    const rig = new HearingRig({ partials: true });
    await rig.hear(speech(800), silence(700), speech(800), silence(200));
    rig.hearing.flush();
    const drained = rig.hearing.drained();
    rig.hearing.abort();
    await drained;
    expect(rig.texts).toEqual(["decoding was aborted", "decoding was aborted"]);
    expect(rig.recogniser.open).toEqual([]);
  });

  test("comes at once for a call of zero samples", async () => {
    const never = new HearingRig();
    await never.end();
    const empty = new HearingRig();
    empty.hearing.hear(new Float32Array(0));
    await empty.end();
    empty.hearing.close();
    for (const { events, jobs, voice } of [never, empty]) {
      expect(events).toEqual([]);
      expect(jobs).toEqual([]);
      expect(voice.streams).toEqual([]);
    }
  });

  test("leaves nothing behind: no stream, no job, no event", async () => {
    const rig = new HearingRig({ partials: true });
    await rig.hear(speech(2_000), silence(200));
    rig.hearing.close();
    expect(rig.voice.status().streams).toBe(0);
    expect(rig.recogniser.open).toEqual([]);
    const before = rig.events.length;
    rig.voice.stream.answer();
    for (const job of rig.recogniser.jobs) job.answer("too late");
    await eventLoopTurn();
    expect(rig.events).toHaveLength(before);
    expect(rig.hearing.pending).toBe(0);
  });

  test("when packets stop in mid-word, flush makes an utterance and the call goes on", async () => {
    const rig = new HearingRig();
    rig.recogniser.auto = (_request, index) => `text ${index}`;
    await rig.hear(speech(800));
    rig.hearing.flush();
    await eventLoopTurn();
    expect(rig.texts).toEqual(["text 0"]);
    await rig.hear(speech(800), silence(700));
    expect(rig.texts).toEqual(["text 0", "text 1"]);
    const [first, second] = rig.finals;
    expect(second?.utterance.startSample).toBe(first?.utterance.endSample ?? -1);
  });
});

describe("a second call", () => {
  test("holds nothing of the first, though both share the lanes and the detector", async () => {
    const recogniser = new ScriptedRecogniser();
    const voice = new ScriptedVoice();
    const before = Promise.withResolvers<void>();
    const first = new HearingRig({ recogniser, voice });
    await first.hear(speech(800), silence(700));
    const second = new HearingRig({ recogniser, voice, after: before.promise });
    await second.hear(silence(1_000), speech(800), silence(700));
    expect(voice.status().streams).toBe(2);
    recogniser.job(1).answer("second call");
    await eventLoopTurn();
    expect(second.finals).toEqual([]);
    recogniser.job(0).answer("first call");
    await first.end();
    first.hearing.close();
    before.resolve();
    await second.end();
    expect(first.texts).toEqual(["first call"]);
    expect(second.texts).toEqual(["second call"]);
    expect(voice.status().streams).toBe(1);
    expect(second.events[0]).toMatchObject({ kind: "speech-start" });
    second.hearing.close();
    expect(voice.status().streams).toBe(0);
  });

  test("a hundred calls, one after the other, leave no stream and no job", async () => {
    const recogniser = new ScriptedRecogniser();
    const voice = new ScriptedVoice();
    for (let call = 0; call < 100; call += 1) {
      const rig = new HearingRig({ recogniser, voice, partials: true });
      rig.hearing.hear(speech(800));
      await eventLoopTurn();
      if (call % 3 === 0) rig.hearing.flush();
      if (call % 3 === 1) rig.hearing.abort();
      rig.hearing.close();
    }
    await eventLoopTurn();
    expect(voice.streams).toHaveLength(100);
    expect(voice.status().streams).toBe(0);
    expect(recogniser.open).toEqual([]);
  });
});

describe("utterances that their sender has cut", () => {
  test("are decoded as they are, without the detector", async () => {
    const rig = new HearingRig();
    const chunk = speech(1_000);
    rig.hearing.hearUtterance(chunk);
    expect(rig.jobs).toEqual(["final"]);
    expect(rig.voice.streams).toEqual([]);
    chunk.fill(0);
    expect(rig.recogniser.job(0).request.samples).toEqual(speech(1_000));
    rig.recogniser.job(0).answer("hello");
    await rig.hearing.drained();
    expect(rig.finals[0]?.utterance).toMatchObject({ startSample: 0, endSample: rateHz });
  });

  test("that are too long are cut, and nothing is lost or doubled", () => {
    const rig = new HearingRig();
    rig.hearing.hearUtterance(speech(500));
    const long = speech(25_000);
    rig.hearing.hearUtterance(long);
    const parts = rig.recogniser.jobs.slice(1).map(({ request }) => request.samples);
    expect(parts.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(9 * rateHz);
    expect(isSameSound(joinSamples(parts), long)).toBe(true);
    expect(rig.hearing.utterances).toBe(1 + parts.length);
  });

  test("come behind what the same call streamed before, though the detector is behind", async () => {
    const rig = new HearingRig();
    rig.voice.answersAtOnce = false;
    rig.recogniser.auto = ({ samples }) => `${samples.length}`;
    await rig.hear(speech(800));
    rig.hearing.flush();
    rig.hearing.hearUtterance(speech(1_000));
    const drained = rig.end();
    rig.voice.stream.answer();
    await drained;
    expect(rig.texts).toEqual([`${0.8 * rateHz}`, `${rateHz}`]);
  });
});

describe("the sender is asked to wait", () => {
  test("while 16 utterances wait for their texts", async () => {
    const rig = new HearingRig();
    for (let count = 0; count < 16; count += 1) {
      expect(rig.hearing.isBehind).toBe(false);
      rig.hearing.hearUtterance(speech(500));
    }
    expect(rig.hearing.isBehind).toBe(true);
    rig.recogniser.job(0).answer("one");
    await eventLoopTurn();
    expect(rig.hearing.isBehind).toBe(false);
  });

  test("while 10 s of sound wait for the detector", async () => {
    const rig = new HearingRig();
    rig.voice.answersAtOnce = false;
    rig.hearing.hear(speech(10_000));
    expect(rig.hearing.isBehind).toBe(false);
    rig.hearing.hear(speech(500));
    expect(rig.hearing.isBehind).toBe(true);
    rig.voice.stream.answer();
    expect(rig.hearing.isBehind).toBe(false);
  });
});

describe("what the sender may forget", () => {
  test("is all but the last pre-roll while nobody speaks, and nothing of an open utterance", async () => {
    const rig = new HearingRig();
    rig.recogniser.auto = () => "hello";
    expect(rig.hearing.settledSample).toBe(0);
    await rig.hear(silence(3_000));
    const settled = rig.hearing.settledSample;
    expect(settled).toBeGreaterThan(2.5 * rateHz);
    await rig.hear(speech(2_000));
    const start = rig.hearing.settledSample;
    await rig.hear(speech(2_000));
    expect(rig.hearing.settledSample).toBe(start);
    await rig.hear(silence(2_000));
    expect(rig.hearing.settledSample).toBeGreaterThan(rig.finals[0]?.utterance.endSample ?? 0);
    expect(rig.finals[0]?.utterance.startSample).toBeGreaterThanOrEqual(settled);
  });

  test("holds nothing that the detector has not judged", async () => {
    const rig = new HearingRig();
    rig.voice.answersAtOnce = false;
    await rig.hear(silence(1_000), speech(500), silence(5_000));
    expect(rig.hearing.settledSample).toBeLessThan(rateHz);
  });
});

test("a detector that breaks is told once, and loudness finds the utterances from then on", async () => {
  const rig = new HearingRig();
  rig.recogniser.auto = (_request, index) => `text ${index}`;
  await rig.hear(silence(500), speech(400));
  rig.voice.stream.fail("out of luck");
  await rig.hear(speech(400), silence(700), speech(800), silence(700));
  expect(rig.failures).toEqual(["out of luck"]);
  expect(rig.texts).toEqual(["text 0", "text 1"]);
  expect(rig.finals[0]?.audioMs).toBeGreaterThan(800);
  expect(rig.voice.status().streams).toBe(0);
});

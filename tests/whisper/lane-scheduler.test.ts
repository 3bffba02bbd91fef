import { describe, expect, test } from "bun:test";
import { LaneScheduler, type Overload } from "../../src/whisper/lane-scheduler.ts";
import type { DecodeJob, DecodeRequest, Urgency } from "../../src/whisper/recogniser.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { eventLoopTurn, failureOf } from "./event-loop-turn.ts";

function requestOf(urgency: Urgency): DecodeRequest {
  return {
    samples: new Float32Array(16),
    audioContext: 256,
    language: "en",
    translate: false,
    timestamps: true,
    prompt: "",
    urgency,
  };
}

class Rig {
  readonly recogniser = new ScriptedRecogniser();
  readonly clock = new FakeClock();
  readonly overloads: Overload[] = [];
  readonly scheduler: LaneScheduler;

  constructor() {
    const { recogniser, clock } = this;
    const onOverload = (overload: Overload): void => void this.overloads.push(overload);
    this.scheduler = new LaneScheduler({ recogniser, clock, onOverload });
  }

  submit(urgency: Urgency): DecodeJob {
    return this.scheduler.submit(requestOf(urgency));
  }
}

describe("runs for watchers", () => {
  test.each(["final", "speculative"] as const)(
    "are given up when no lane is idle for a %s job",
    (urgency) => {
      const rig = new Rig();
      rig.submit("partial");
      rig.submit("partial");
      rig.recogniser.idleLanes = 0;
      rig.submit(urgency);
      expect(rig.recogniser.jobs.map(({ isAborted }) => isAborted)).toEqual([true, true, false]);
      expect(rig.scheduler.status().partialsDropped).toBe(2);
    },
  );

  test("go on while a lane is idle, and never give way to one another", () => {
    const rig = new Rig();
    rig.submit("partial");
    rig.submit("final");
    rig.submit("speculative").raise();
    rig.recogniser.idleLanes = 0;
    rig.submit("partial");
    expect(rig.recogniser.jobs.some(({ isAborted }) => isAborted)).toBe(false);
    expect(rig.scheduler.status().partialsDropped).toBe(0);
  });

  test("are given up when a speculative job becomes one that is waited for", () => {
    const rig = new Rig();
    const job = rig.submit("speculative");
    rig.submit("partial");
    rig.recogniser.idleLanes = 0;
    job.raise();
    expect(rig.recogniser.job(1).isAborted).toBe(true);
  });

  test("that are done are not given up any more, and each is counted once", async () => {
    const rig = new Rig();
    rig.submit("partial");
    rig.recogniser.job(0).answer("done");
    await eventLoopTurn();
    rig.submit("partial");
    rig.recogniser.idleLanes = 0;
    for (let count = 0; count < 5; count += 1) rig.submit("final");
    expect(rig.scheduler.status().partialsDropped).toBe(1);
  });

  test("tell whoever asked for them that they were given up", async () => {
    const rig = new Rig();
    const { result } = rig.submit("partial");
    rig.recogniser.idleLanes = 0;
    rig.submit("final");
    expect(await failureOf(result)).toContain("aborted");
  });
});

describe("finals that wait", () => {
  test("are counted, and the oldest one has its age", async () => {
    const rig = new Rig();
    expect(rig.scheduler.status()).toMatchObject({ waitingFinals: 0, oldestFinalMs: 0 });
    rig.submit("final");
    rig.clock.advance(300);
    rig.submit("final");
    rig.clock.advance(200);
    expect(rig.scheduler.status()).toMatchObject({ waitingFinals: 2, oldestFinalMs: 500 });
    rig.recogniser.job(0).answer("one");
    await eventLoopTurn();
    expect(rig.scheduler.status()).toMatchObject({ waitingFinals: 1, oldestFinalMs: 200 });
    rig.recogniser.job(1).fail("out of luck");
    await eventLoopTurn();
    expect(rig.scheduler.status()).toMatchObject({ waitingFinals: 0, oldestFinalMs: 0 });
  });

  test("a speculative job waits from the moment in which it is raised", async () => {
    const rig = new Rig();
    const job = rig.submit("speculative");
    rig.clock.advance(400);
    expect(rig.scheduler.status().waitingFinals).toBe(0);
    job.raise();
    expect(rig.recogniser.job(0).isRaised).toBe(true);
    rig.clock.advance(100);
    expect(rig.scheduler.status()).toMatchObject({ waitingFinals: 1, oldestFinalMs: 100 });
    rig.recogniser.job(0).answer("one");
    await eventLoopTurn();
    expect(rig.scheduler.status().waitingFinals).toBe(0);
  });

  test("a job that is raised when it is done leaves nothing behind", async () => {
    const rig = new Rig();
    const job = rig.submit("speculative");
    rig.recogniser.job(0).answer("already there");
    await job.result;
    await eventLoopTurn();
    rig.submit("partial");
    rig.recogniser.idleLanes = 0;
    job.raise();
    rig.clock.advance(60_000);
    expect(rig.scheduler.status()).toMatchObject({ waitingFinals: 0, oldestFinalMs: 0 });
    expect(rig.recogniser.job(1).isAborted).toBe(false);
    rig.scheduler.check();
    expect(rig.overloads).toEqual([]);
  });

  test("an aborted final is none that waits", async () => {
    const rig = new Rig();
    const job = rig.submit("final");
    job.abort();
    expect(await failureOf(job.result)).toContain("aborted");
    await eventLoopTurn();
    expect(rig.scheduler.status().waitingFinals).toBe(0);
  });
});

describe("overload", () => {
  test("is told when the oldest final has waited 3 s, and again after 30 s only", () => {
    const rig = new Rig();
    rig.submit("final");
    rig.clock.advance(2_999);
    rig.scheduler.check();
    expect(rig.overloads).toHaveLength(0);
    rig.clock.advance(1);
    rig.scheduler.check();
    expect(rig.overloads).toHaveLength(1);
    for (let second = 0; second < 29; second += 1) {
      rig.clock.advance(1_000);
      rig.scheduler.check();
    }
    expect(rig.overloads).toHaveLength(1);
    rig.clock.advance(1_000);
    rig.scheduler.check();
    expect(rig.overloads.map(({ oldestFinalMs }) => oldestFinalMs)).toEqual([3_000, 33_000]);
  });

  test("is not told of jobs that nobody waits for", () => {
    const rig = new Rig();
    rig.submit("partial");
    rig.submit("speculative");
    rig.clock.advance(60_000);
    rig.scheduler.check();
    expect(rig.overloads).toEqual([]);
  });

  test("names the lanes that the calls would need", async () => {
    const rig = new Rig();
    // Two finals a second of 1.5 s each, of which one lane does less than half.
    for (let second = 0; second < 60; second += 1) {
      rig.submit("final");
      rig.submit("final");
      rig.clock.advance(1_000);
      if (second % 3 !== 0) rig.recogniser.open[0]?.answer("text", { decodeMs: 1_500 });
      await eventLoopTurn();
    }
    rig.scheduler.check();
    const [overload] = rig.overloads;
    expect(overload?.lanes).toBe(1);
    expect(overload?.waitingFinals).toBe(80);
    expect(Math.abs((overload?.neededLanes ?? 0) - 3)).toBeLessThan(0.1);
  });
});

test("finals that fail do not make the others look short", async () => {
  const rig = new Rig();
  for (let second = 0; second < 20; second += 1) {
    rig.submit("final");
    rig.clock.advance(1_000);
    const [oldest] = rig.recogniser.open;
    if (second % 2 === 0) oldest?.answer("text", { decodeMs: 2_000 });
    else if (second < 15) oldest?.fail("out of luck");
    await eventLoopTurn();
  }
  rig.clock.advance(3_000);
  rig.scheduler.check();
  // Twenty finals of 2 s in 23 s.
  expect(rig.overloads[0]?.neededLanes).toBeCloseTo(40 / 23, 6);
});

describe("the share of time that lanes are busy", () => {
  test("counts all that they decode, whoever waits for it", async () => {
    const rig = new Rig();
    for (let second = 0; second < 10; second += 1) {
      for (const urgency of ["final", "speculative", "partial"] as const) {
        rig.submit(urgency);
        rig.recogniser.open[0]?.answer("text", { decodeMs: 200 });
      }
      rig.clock.advance(1_000);
      await eventLoopTurn();
    }
    expect(rig.scheduler.status().busyShare).toBeCloseTo(0.6, 6);
  });

  test("is never more than all of it", async () => {
    const rig = new Rig();
    rig.submit("final");
    rig.recogniser.job(0).answer("text", { decodeMs: 50_000 });
    await eventLoopTurn();
    expect(rig.scheduler.status().busyShare).toBe(1);
  });
});

test("thousands of jobs, each ended another way, leave nothing behind", async () => {
  const rig = new Rig();
  const random = new SeededRandom(3);
  for (let count = 0; count < 5_000; count += 1) {
    rig.recogniser.idleLanes = random.between(0, 1);
    const job = rig.submit(random.pick(["final", "speculative", "partial"]));
    job.result.catch(() => undefined);
    if (random.between(0, 2) === 0) job.raise();
    const [oldest] = rig.recogniser.open;
    const end = random.between(0, 2);
    if (end === 0) job.abort();
    if (end === 1) oldest?.answer("text");
    if (end === 2) oldest?.fail("out of luck");
    rig.clock.advance(random.between(0, 50));
    if (count % 10 === 0) await eventLoopTurn();
    if (random.between(0, 4) === 0) job.raise();
    rig.scheduler.check();
  }
  for (const job of rig.recogniser.open) job.answer("text");
  await eventLoopTurn();
  const { partialsDropped, ...status } = rig.scheduler.status();
  expect(status).toMatchObject({ waitingFinals: 0, oldestFinalMs: 0 });
  rig.recogniser.idleLanes = 0;
  rig.submit("final");
  expect(rig.scheduler.status()).toMatchObject({ partialsDropped, waitingFinals: 1 });
});

test("what it does not decide itself it passes on", async () => {
  const rig = new Rig();
  rig.recogniser.idleLanes = 7;
  rig.recogniser.modelAudioContext = 512;
  expect(rig.scheduler.idleLanes).toBe(7);
  expect(rig.scheduler.modelAudioContext).toBe(512);
  const request = requestOf("final");
  const job = rig.scheduler.submit(request);
  expect(rig.recogniser.job(0).request).toBe(request);
  rig.recogniser.job(0).answer("hello");
  expect((await job.result).segments[0]?.text).toBe("hello");
  await rig.scheduler.close();
});

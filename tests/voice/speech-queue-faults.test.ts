/** What a call is told when its engine fails, lies or never ends. */
import { describe, expect, test } from "bun:test";
import { WildfireError } from "../../src/core/errors.ts";
import { FallbackEngine } from "../../src/voice/fallback-engine.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { tone } from "../fakes/scripted-speech-server.ts";
import { until } from "../fakes/until.ts";
import { ScriptedEngine } from "./scripted-engine.ts";
import { rateHz, SpeechQueueRig } from "./speech-queue-rig.ts";

describe("an engine that", () => {
  test("fails before a clause was heard is asked once more for all of it", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.output.hasRoom = false;
    rig.queue.say("Once more.");
    rig.engine.utterances[0]?.give(tone(100), rateHz);
    rig.engine.utterances[0]?.fail(new WildfireError("native", "broken"));
    await until(() => rig.engine.utterances.length === 2, "the second attempt");
    rig.engine.utterances[1]?.give(tone(200), rateHz);
    rig.engine.utterances[1]?.finish();
    rig.output.hasRoom = true;
    rig.queue.room();
    await rig.speaksOut();
    expect(rig.handedMs).toBeWithin(200, 250);
  });

  test("fails in a clause that is being heard hands over with the next clause", async () => {
    const clock = new FakeClock();
    const best = new ScriptedEngine({ name: "best" });
    best.failure = "out of order";
    best.failsAfterMs = 300;
    const plain = new ScriptedEngine({ name: "plain", amplitude: 0.05 });
    const { log } = createMemoryLog(clock);
    const engine = new FallbackEngine({
      choices: [{ engine: best }, { engine: plain }],
      clock,
      log,
    });
    const rig = new SpeechQueueRig({ engine });
    rig.queue.say("This one breaks off.");
    rig.queue.say("This one does not.");
    await rig.speaksOut();
    expect(rig.told).toContain("failed 1: out of order");
    expect(plain.texts).toEqual(["This one does not."]);
    expect(rig.handedMs).toBeWithin(300 + 360, 300 + 360 + 350);
  });

  test("never works is given up, and the next clause is tried", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.failure = "no voice";
    rig.queue.say("One.");
    rig.queue.say("Two.");
    await until(() => rig.queue.isIdle, "the end");
    expect(rig.engine.texts).toEqual(["One.", "One.", "Two.", "Two."]);
    expect(rig.told).toEqual(["failed 1: no voice", "failed 1: no voice"]);
    rig.engine.failure = undefined;
    rig.queue.say("Three.");
    await rig.speaksOut();
    expect(rig.handedMs).toBeWithin(120, 160);
  });

  test("gives sound for ever is stopped by the length of the text", async () => {
    const rig = new SpeechQueueRig({ leadMs: 1e9 });
    rig.engine.isManual = true;
    rig.queue.say("Hi.");
    for (let count = 0; count < 60; count += 1) rig.engine.utterances[0]?.give(tone(1000), rateHz);
    await rig.speaksOut();
    expect(rig.told.at(1)).toContain("far more sound than the text has");
    expect(rig.handedMs).toBeLessThan(6500);
    expect(rig.engine.aborts).toBe(1);
  });

  test("gives nothing and never ends is given up after 20 s", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("Hello.");
    rig.clock.advance(20_000);
    await until(() => rig.engine.utterances.length === 2, "the second attempt");
    rig.clock.advance(20_000);
    expect(rig.told).toEqual([expect.stringContaining("gave nothing for 20000 ms")]);
    expect(rig.queue.isIdle).toBe(true);
  });

  test.each([Number.NaN, 0, -1, 7, 1e9])("says its rate is %p Hz is not believed", async (rate) => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("Hello.");
    for (const index of [0, 1]) {
      await until(() => rig.engine.utterances.length > index, "an attempt");
      rig.engine.utterances[index]?.give(tone(10), rate);
    }
    await until(() => rig.told.length === 1, "the failure");
    expect(rig.told[0]).toStartWith("failed 1");
    expect(rig.handedMs).toBe(0);
  });

  test("gives what is no number gives silence", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("Hello.");
    const bad = tone(200).fill(Number.NaN, 1000, 2000).fill(Number.POSITIVE_INFINITY, 2000, 2100);
    rig.engine.utterances[0]?.give(bad, rateHz);
    rig.engine.utterances[0]?.finish();
    await rig.speaksOut();
    expect(rig.samples.every(Number.isFinite)).toBe(true);
  });
});

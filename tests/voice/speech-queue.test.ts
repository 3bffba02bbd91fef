/** What a call is told: order, pace, pauses, loudness and interruptions. */
import { describe, expect, test } from "bun:test";
import { levelDbfs } from "../../src/audio/level.ts";
import { tone } from "../fakes/scripted-speech-server.ts";
import { until } from "../fakes/until.ts";
import { ScriptedEngine } from "./scripted-engine.ts";
import { rateHz, SpeechQueueRig } from "./speech-queue-rig.ts";

/** Lengths of sounds and of the silences between them, in ms. */
function spans(samples: Float32Array): number[] {
  const found: number[] = [];
  let isSound = false;
  let from = 0;
  let quietSince = 0;
  for (const [index, sample] of samples.entries()) {
    const isLoud = Math.abs(sample) > 0.01;
    if (isLoud) {
      if (!isSound) {
        found.push(index - from);
        from = index;
        isSound = true;
      }
      quietSince = index + 1;
    } else if (isSound && index - quietSince > rateHz / 100) {
      found.push(quietSince - from);
      from = quietSince;
      isSound = false;
    }
  }
  found.push((isSound ? quietSince : samples.length) - from);
  return found.map((length) => (length * 1000) / rateHz);
}

describe("clauses", () => {
  test("are spoken in order, with pauses by what they end with", async () => {
    const rig = new SpeechQueueRig();
    const texts = ["It is open,", "from nine to five.", "Good-bye"];
    for (const text of texts) expect(rig.queue.say(text)).toBe("queued");
    await rig.speaksOut();
    expect(rig.engine.texts).toEqual(texts);
    const [, first = 0, comma = 0, second = 0, stop = 0, third = 0] = spans(rig.samples);
    expect(first).toBeCloseTo(11 * 20, -1.3);
    expect(second).toBeCloseTo(18 * 20, -1.3);
    expect(third).toBeCloseTo(8 * 20, -1.3);
    expect(comma).toBeWithin(120, 180);
    expect(stop).toBeWithin(250, 310);
  });

  test("are told when they begin, and their end once it has been heard", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("Hello.");
    rig.clock.advance(300);
    rig.engine.utterances[0]?.give(tone(200), rateHz);
    expect(rig.told).toEqual(["began 1 after 300"]);
    rig.engine.utterances[0]?.finish();
    await rig.hands(200);
    rig.clock.advance(150);
    expect(rig.told).toEqual(["began 1 after 300"]);
    rig.clock.advance(100);
    expect(rig.told).toEqual(["began 1 after 300", "drained"]);
  });

  test("leave with what of each piece is speech", async () => {
    const rig = new SpeechQueueRig();
    const texts = ["It is open,", "from nine to five."];
    for (const text of texts) rig.queue.say(text);
    await rig.speaksOut();
    const speech = texts.map((text) =>
      rig.origins.reduce(
        (sum, { clause, speechSamples }) => sum + (clause?.text === text ? speechSamples : 0),
        0,
      ),
    );
    expect(speech[0]).toBeCloseTo(11 * 20 * 24, -2);
    expect(speech[1]).toBeCloseTo(18 * 20 * 24, -2);
    for (const { clause, speechSamples, samples } of rig.origins) {
      expect(speechSamples).toBeLessThanOrEqual(samples);
      if (clause === undefined) expect(speechSamples).toBe(0);
    }
    expect(rig.ended).toEqual(texts);
  });

  test("leave in pieces of 20 to 200 ms, the first before the clause is complete", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("Hello there, this takes a while.");
    const [utterance] = rig.engine.utterances;
    utterance?.give(tone(40), rateHz);
    expect(rig.handedMs).toBeWithin(20, 41);
    utterance?.give(tone(700), rateHz);
    utterance?.finish();
    await rig.speaksOut();
    for (const { length } of rig.pieces) expect((length * 1000) / rateHz).toBeWithin(20, 200.1);
    expect(rig.handedMs).toBeWithin(740, 800);
  });

  test("begin and end without a click", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("One, two.");
    const harsh = new Float32Array(2400).fill(0.5);
    rig.engine.utterances[0]?.give(harsh, rateHz);
    rig.engine.utterances[0]?.finish();
    await rig.speaksOut();
    const { samples } = rig;
    let steepest = 0;
    for (let index = 1; index < samples.length; index += 1) {
      steepest = Math.max(steepest, Math.abs((samples[index] ?? 0) - (samples[index - 1] ?? 0)));
    }
    expect(Math.max(...samples)).toBeGreaterThan(0.05);
    expect(steepest).toBeLessThan(0.02);
  });

  test("lose the silence that the engine puts around them, and keep the one within", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("One. Two.");
    const [utterance] = rig.engine.utterances;
    const quiet = new Float32Array(rateHz);
    for (const part of [quiet, tone(200), quiet.subarray(0, 4800), tone(200), quiet]) {
      utterance?.give(part, rateHz);
    }
    utterance?.finish();
    await rig.speaksOut();
    const [lead = 99, one = 0, within = 0, two = 0] = spans(rig.samples);
    expect(lead).toBeLessThan(30);
    expect([one, two].map((ms) => Math.round(ms / 10) * 10)).toEqual([200, 200]);
    expect(within).toBeWithin(195, 206);
  });

  test("of any rate come out at the rate of the queue", async () => {
    const rig = new SpeechQueueRig({}, new ScriptedEngine({ rateHz: 16_000 }));
    rig.queue.say("x".repeat(50));
    await rig.speaksOut();
    expect(rig.handedMs).toBeWithin(1000, 1060);
  });
});

describe("synthesis", () => {
  test("of the next clause runs while one is delivered, as far ahead as it may", async () => {
    const rig = new SpeechQueueRig({ aheadMs: 3000 });
    for (let count = 0; count < 20; count += 1) rig.queue.say("x".repeat(50));
    await rig.hands(1000);
    await until(() => rig.engine.texts.length === 4, "four clauses ahead");
    expect(rig.handedMs).toBeWithin(1000, 1150);
    rig.clock.advance(1000);
    await until(() => rig.engine.texts.length === 5, "one more");
    await rig.speaksOut();
    expect(rig.engine.texts).toHaveLength(20);
  });

  test("stops when outbound does not read, and goes on when it does", async () => {
    const rig = new SpeechQueueRig({ aheadMs: 2000 });
    rig.output.hasRoom = false;
    for (let count = 0; count < 10; count += 1) rig.queue.say("x".repeat(50));
    await until(() => rig.engine.texts.length === 2, "two clauses ahead");
    rig.clock.advance(60_000);
    expect(rig.engine.texts).toHaveLength(2);
    expect(rig.handedMs).toBe(0);
    rig.output.hasRoom = true;
    rig.queue.room();
    await rig.speaksOut();
    expect(rig.engine.texts).toHaveLength(10);
  });
});

describe("patience", () => {
  test("with the engine is 700 ms in silence, and as long as there is sound afterwards", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("First.");
    rig.queue.say("Second.");
    expect(rig.engine.utterances[0]?.request.patienceMs).toBe(700);
    rig.engine.utterances[0]?.give(tone(2000), rateHz);
    rig.engine.utterances[0]?.finish();
    await until(() => rig.engine.utterances.length === 2, "the second clause");
    expect(rig.engine.utterances[1]?.request.patienceMs).toBeCloseTo(2000 - 300, -2);
  });
});

describe("loudness", () => {
  test.each([0.03, 0.1, 0.5, 0.9])("of a voice at %p comes out at -20 dBFS", async (amplitude) => {
    const rig = new SpeechQueueRig({}, new ScriptedEngine({ amplitude }));
    rig.queue.say("x".repeat(100));
    await rig.speaksOut();
    const { samples } = rig;
    expect(levelDbfs(samples.subarray(4800, 43_200))).toBeWithin(-21, -19);
  });

  test("is even from the first word when another engine takes over", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    for (const amplitude of [0.5, 0.05]) {
      rig.queue.say("x".repeat(50));
      const utterance = rig.engine.utterances.at(-1);
      utterance?.give(tone(1000, rateHz, amplitude), rateHz);
      utterance?.finish();
      await rig.speaksOut();
    }
    const middle = rig.samples.length / 2;
    expect(levelDbfs(rig.samples.subarray(2400, 19_200))).toBeWithin(-21, -19);
    expect(levelDbfs(rig.samples.subarray(middle + 2400, middle + 19_200))).toBeWithin(-21, -19);
  });

  test("of peaks never passes 1 dB below full scale", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("x".repeat(100));
    const sound = tone(1500, rateHz, 0.04);
    for (let at = 100; at < sound.length; at += 3000) sound.fill(1, at, at + 20);
    rig.engine.utterances[0]?.give(sound, rateHz);
    rig.engine.utterances[0]?.finish();
    await rig.speaksOut();
    expect(Math.max(...rig.samples.map(Math.abs))).toBeLessThanOrEqual(10 ** (-1 / 20) + 1e-6);
  });
});

describe("an interruption", () => {
  test("aborts synthesis, forgets all that waits, and tells what cannot have been heard", async () => {
    const rig = new SpeechQueueRig();
    for (const text of ["First clause.", "x".repeat(100), "Never heard."]) rig.queue.say(text);
    await rig.hands(1000);
    const handed = rig.handedMs;
    rig.clock.advance(40);
    const { turn, wasSpeaking, unheardMs } = rig.queue.interrupt();
    expect(unheardMs).toBeCloseTo(handed - 40, 5);
    expect({ turn, wasSpeaking }).toEqual({ turn: 1, wasSpeaking: true });
    expect(rig.ended).toEqual(["First clause."]);
    rig.clock.advance(10_000);
    expect(rig.handedMs).toBe(handed);
    expect(rig.queue.isIdle).toBe(true);
    expect(rig.clock.timers).toBe(0);
    expect(rig.told.filter((told) => told === "drained")).toEqual([]);
  });

  test("reaches the engine at once, and what it still gives is not heard", async () => {
    const rig = new SpeechQueueRig();
    rig.engine.isManual = true;
    rig.queue.say("A long story.");
    const [utterance] = rig.engine.utterances;
    utterance?.give(tone(100), rateHz);
    const handed = rig.handedMs;
    rig.queue.interrupt();
    expect(rig.engine.aborts).toBe(1);
    utterance?.give(tone(1000), rateHz);
    expect(rig.handedMs).toBe(handed);
  });

  test("is over at once: what is said next is spoken", async () => {
    const rig = new SpeechQueueRig();
    rig.queue.say("An answer.");
    rig.queue.interrupt();
    expect(rig.queue.say("The new answer.")).toBe("queued");
    await rig.speaksOut();
    expect(rig.engine.texts).toEqual(["An answer.", "The new answer."]);
    expect(rig.told.at(-2)).toStartWith("began 2");
  });

  test("without speech tells that there was none, however often it comes", async () => {
    const rig = new SpeechQueueRig();
    rig.queue.say("Short.");
    await rig.speaksOut();
    expect(rig.queue.interrupt().wasSpeaking).toBe(false);
    expect(rig.queue.interrupt()).toMatchObject({ wasSpeaking: false });
    expect(rig.queue.status().interruptions).toBe(0);
  });
});

describe("bounds", () => {
  test("more text than a call may wait for is refused and counted", () => {
    const rig = new SpeechQueueRig();
    rig.output.hasRoom = false;
    rig.engine.isManual = true;
    const outcomes = Array.from({ length: 100 }, () => rig.queue.say("x".repeat(300)));
    expect(outcomes.filter((outcome) => outcome === "queued")).toHaveLength(66);
    expect(rig.queue.status().dropped).toBe(34);
  });

  test("a closed queue holds no timer and takes nothing", async () => {
    const rig = new SpeechQueueRig();
    rig.queue.say("x".repeat(100));
    await rig.hands(1000);
    rig.queue.close();
    expect(rig.clock.timers).toBe(0);
    expect(rig.queue.say("More.")).toBe("closed");
    expect(rig.engine.texts).toHaveLength(1);
  });
});

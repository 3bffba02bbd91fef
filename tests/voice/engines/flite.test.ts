/** The built-in voice, really speaking. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { embedded } from "#embedded";
import { systemClock } from "../../../src/core/clock.ts";
import { describeError, WildfireError } from "../../../src/core/errors.ts";
import { Flite, type FliteOptions } from "../../../src/voice/engines/flite.ts";
import { FliteLane } from "../../../src/voice/engines/flite-lane.ts";
import { fliteVoices } from "../../../src/voice/engines/flite-synthesis.ts";
import { fliteWorkerUrl } from "../../../src/worker-files.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { describeEngineContract, speak } from "../engine-contract.ts";

setDefaultTimeout(60_000);

const text = "We are open from nine to five.";

function open(options: Partial<FliteOptions> = {}): Flite {
  return new Flite({
    modulePath: embedded.speechModule,
    workerUrl: fliteWorkerUrl,
    clock: systemClock,
    ...options,
  });
}

describeEngineContract("the built-in voice", { open: () => open() });

const engine = open();
afterAll(async () => await engine.close());

/** The digest of the samples as 16-bit numbers, the rate, and what an ear would notice first. */
async function hear(request: { text: string; voice?: string; speed?: number }) {
  const { spoken, error } = await speak(engine, request);
  expect(error).toBeUndefined();
  const { samples } = spoken;
  const [rateHz = 0] = spoken.rates;
  const digest = new Bun.CryptoHasher("sha256")
    .update(Int16Array.from(samples, (sample) => Math.round(sample * 32_768)))
    .digest("hex");
  const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
  return {
    rateHz,
    digest: digest.slice(0, 16),
    seconds: samples.length / rateHz,
    levelDb: 10 * Math.log10(energy / samples.length),
    peak: samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
  };
}

describe("sound", () => {
  test.each([
    ["slt", 16_000, "c71bc7844a962187"],
    ["rms", 16_000, "2cc45e743111bd0e"],
    ["awb", 16_000, "4939ff1a72b9ea42"],
    ["kal", 8000, "e1c62fd687f3cdbf"],
  ])(
    "%s speaks at %d Hz, neither silent nor clipped, the same on every machine",
    async (...row) => {
      const [voice, rateHz, digest] = row;
      const heard = await hear({ text, voice });
      expect(heard.rateHz).toBe(rateHz);
      expect(heard.digest).toBe(digest);
      expect(heard.seconds).toBeGreaterThan(1.8);
      expect(heard.seconds).toBeLessThan(2.8);
      expect(heard.levelDb).toBeGreaterThan(-26);
      expect(heard.levelDb).toBeLessThan(-12);
      expect(heard.peak).toBeLessThan(0.99);
    },
  );

  test("voices are those that it names, the first one unless told", async () => {
    expect(engine.voices).toEqual([...fliteVoices]);
    expect((await hear({ text })).digest).toBe((await hear({ text, voice: "slt" })).digest);
    const male = open({ voice: "rms" });
    const { spoken } = await speak(male, { text });
    await male.close();
    expect(spoken.samples.length / 16_000).toBeCloseTo(
      (await hear({ text, voice: "rms" })).seconds,
    );
  });

  test.each(["slt", "kal"])("%s takes as long as the speed says", async (voice) => {
    const natural = await hear({ text, voice });
    const slow = await hear({ text, voice, speed: 0.5 });
    const fast = await hear({ text, voice, speed: 2 });
    expect(slow.seconds / natural.seconds).toBeCloseTo(2, 0);
    expect(fast.seconds / natural.seconds).toBeCloseTo(0.5, 0);
    expect((await hear({ text, voice, speed: 9 })).digest).toBe(fast.digest);
    expect((await hear({ text, voice, speed: 0.01 })).digest).toBe(slow.digest);
  });

  test("a text without words gives no sound", async () => {
    const { spoken, error } = await speak(engine, { text: "..." });
    expect(error).toBeUndefined();
    expect(spoken.pieces).toBe(0);
  });

  test("markup is not heard", async () => {
    const marked = await hear({ text: `<speak>${text}<break time="10s"/></speak>` });
    expect(marked.digest).toBe((await hear({ text })).digest);
  });
});

describe("refusals", () => {
  test.each([
    ["an unknown voice", { text, voice: "nobody" }, /"nobody".*slt, rms, awb, kal/],
    ["a text that is too long", { text: "a".repeat(10_001) }, /10001 characters/],
    ["a text in another script", { text: "你好" }, /cannot read/],
  ])("%s is told in one line", async (_, request, line) => {
    const { spoken, error } = await speak(engine, request);
    expect(error).toBeInstanceOf(WildfireError);
    expect(describeError(error)).toMatch(line);
    expect(spoken.pieces).toBe(0);
  });

  test("an unknown voice is refused when the engine is made", () => {
    expect(() => open({ voice: "nobody" })).toThrow(WildfireError);
  });
});

describe("turns", () => {
  test("a long text lets a short one pass", async () => {
    const single = open({ lanes: 1 });
    const order: string[] = [];
    await Promise.all([
      speak(single, { text: `${text} `.repeat(60) }).then(() => order.push("long")),
      speak(single, { text }).then(() => order.push("short")),
    ]);
    await single.close();
    expect(order).toEqual(["short", "long"]);
  });

  test("sound of a long text comes before all of it is spoken", async () => {
    const { spoken } = await speak(engine, { text: `${text} `.repeat(20) });
    expect(spoken.pieces).toBe(4);
  });

  test("more than may wait is refused, and what waits is spoken", async () => {
    const crowded = open({ lanes: 1, queueLimit: 2 });
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, async () => await speak(crowded, { text })),
    );
    await crowded.close();
    const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]));
    expect(errors).toHaveLength(2);
    for (const error of errors) expect(describeError(error)).toContain("2 texts waiting");
  });

  test("what is aborted while it waits makes room", async () => {
    const crowded = open({ lanes: 1, queueLimit: 1 });
    const first = speak(crowded, { text });
    const abort = new AbortController();
    const second = speak(crowded, { text }, { signal: abort.signal });
    abort.abort();
    const third = speak(crowded, { text });
    expect((await second).error).toBeInstanceOf(WildfireError);
    expect((await first).error).toBeUndefined();
    expect((await third).error).toBeUndefined();
    await crowded.close();
  });
});

describe("faults", () => {
  test("a module that is none fails each text in one line", async () => {
    const broken = open({ modulePath: import.meta.path });
    for (let round = 0; round < 2; round += 1) {
      const { error } = await speak(broken, { text });
      expect(error).toBeInstanceOf(WildfireError);
      expect(describeError(error)).toStartWith("the built-in voice failed: ");
      expect(describeError(error)).not.toContain("\n");
    }
    await broken.close();
  });

  test("a thread that cannot be started fails each text", async () => {
    const broken = open({ workerUrl: new URL("./nothing-here.ts", import.meta.url) });
    for (let round = 0; round < 2; round += 1) {
      const { error } = await speak(broken, { text });
      expect(error).toBeInstanceOf(WildfireError);
      expect(describeError(error)).toStartWith("the built-in voice broke: ");
    }
    await broken.close();
  });

  test("a lane whose thread broke speaks no more", async () => {
    const crashing = new URL(
      "data:text/javascript,setTimeout(() => { throw new Error('gone') }, 0)",
    );
    const lane = new FliteLane({
      modulePath: embedded.speechModule,
      workerUrl: crashing,
      warmUp: "kal",
      clock: systemClock,
    });
    for (let round = 0; round < 2; round += 1) {
      const speaking = lane.speak({ text, voice: "kal", speed: 1 });
      const error: unknown = await speaking.catch((reason: unknown) => reason);
      expect(describeError(error)).toContain("gone");
      expect(lane.isOver).toBe(true);
    }
  });

  test("a thread that does not answer in time is replaced", async () => {
    const clock = new FakeClock();
    const late = open({ clock, lanes: 1 });
    const first = speak(late, { text });
    clock.advance(10_000);
    expect(describeError((await first).error)).toContain("10000 ms");
    expect((await speak(late, { text })).error).toBeUndefined();
    await late.close();
  });
});

/** Engines that fail, others that speak in their place, and the return of those that failed. */
import { describe, expect, test } from "bun:test";
import { describeError } from "../../src/core/errors.ts";
import { type EngineChange, FallbackEngine } from "../../src/voice/fallback-engine.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { tone } from "../fakes/scripted-speech-server.ts";
import { describeEngineContract, speak } from "./engine-contract.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

class Rig {
  readonly clock = new FakeClock();
  readonly memory = createMemoryLog(this.clock, "info");
  readonly best = new ScriptedEngine({ name: "best" });
  readonly plain = new ScriptedEngine({ name: "plain" });
  readonly engine = new FallbackEngine({
    choices: [{ engine: this.best }, { engine: this.plain, voice: "low" }],
    clock: this.clock,
    log: this.memory.log,
    onChange: (change) => this.changes.push(change),
  });

  readonly changes: EngineChange[] = [];

  async hears(text: string): Promise<string> {
    const { error } = await speak(this.engine, { text, voice: "high" });
    return error === undefined ? "spoken" : describeError(error);
  }
}

describeEngineContract("a fallback", { open: () => new Rig().engine });

describe("a fallback whose second engine speaks", () => {
  const rig = new Rig();
  rig.best.failure = "out of order";
  describeEngineContract("it", {
    open: () => {
      const other = new Rig();
      other.best.failure = "out of order";
      return other.engine;
    },
  });
});

describe("an engine that fails", () => {
  test("before any sound hands this very text to the next, with a voice of that one", async () => {
    const rig = new Rig();
    rig.best.failure = "out of order";
    expect(await rig.hears("One.")).toBe("spoken");
    expect(rig.best.texts).toEqual(["One."]);
    expect(rig.plain.utterances[0]?.request).toMatchObject({ text: "One.", voice: "low" });
  });

  test("after some sound rejects, and the next request goes to the next engine", async () => {
    const rig = new Rig();
    rig.best.failure = "out of order";
    rig.best.failsAfterMs = 50;
    expect(await rig.hears("One and two.")).toBe("out of order");
    expect(await rig.hears("One and two.")).toBe("spoken");
    expect(rig.plain.texts).toEqual(["One and two."]);
  });

  test("is spared for a while, tried in the background, and used again once it works", async () => {
    const rig = new Rig();
    rig.best.failure = "out of order";
    await rig.hears("One.");
    await rig.hears("Two.");
    expect(rig.best.texts).toEqual(["One."]);
    rig.clock.advance(5000);
    await rig.hears("Three.");
    await until(() => rig.best.texts.length === 2, "a trial");
    expect(rig.best.texts).toEqual(["One.", "Yes."]);
    rig.clock.advance(5000);
    await rig.hears("Four.");
    expect(rig.best.texts).toHaveLength(2);

    rig.best.failure = undefined;
    rig.clock.advance(5000);
    await rig.hears("Five.");
    await until(() => rig.engine.status().speaking === "best", "the return");
    await rig.hears("Six.");
    expect(rig.best.texts.at(-1)).toBe("Six.");
    expect(rig.plain.texts).toEqual(["One.", "Two.", "Three.", "Four.", "Five."]);
  });

  test("is logged once when it fails and once when it works again, with the reason", async () => {
    const rig = new Rig();
    rig.best.failure = "out of order";
    for (let count = 0; count < 20; count += 1) {
      await rig.hears("One.");
      rig.clock.advance(20_000);
    }
    rig.best.failure = undefined;
    rig.clock.advance(60_000);
    await rig.hears("One.");
    await until(() => rig.engine.status().speaking === "best", "the return");
    expect(rig.memory.records.map(({ message }) => message)).toEqual([
      "the speech engine failed, another speaks until it works again",
      "the speech engine works again",
    ]);
    expect(rig.memory.text()).toContain('reason="out of order" next=plain');
  });

  test("is asked all the same when all have failed, and the last error is told", async () => {
    const rig = new Rig();
    rig.best.failure = "out of order";
    rig.plain.failure = "no voice";
    expect(await rig.hears("One.")).toBe("no voice");
    rig.plain.failure = undefined;
    expect(await rig.hears("Two.")).toBe("spoken");
  });
});

test("an abort is no failure", async () => {
  const rig = new Rig();
  const abort = new AbortController();
  await speak(
    rig.engine,
    { text: "A longer text." },
    { signal: abort.signal, onPiece: () => abort.abort() },
  );
  expect(rig.engine.status().speaking).toBe("best");
  expect(rig.memory.records).toEqual([]);
});

/** One request with patience, and all that is heard of it. */
class Listening {
  readonly heard: number[] = [];
  readonly spokenBy: string[] = [];
  readonly abort = new AbortController();
  outcome = "";

  constructor(rig: Rig, patienceMs = 700) {
    const sink = {
      samples: ({ length }: Float32Array) => void this.heard.push(length),
      spokenBy: (engine: string) => void this.spokenBy.push(engine),
    };
    rig.engine.speak({ text: "Hello.", patienceMs }, sink, this.abort.signal).then(
      () => (this.outcome = "spoken"),
      (error: unknown) => (this.outcome = describeError(error)),
    );
  }

  async ends(): Promise<string> {
    await until(() => this.outcome !== "", "the end");
    return this.outcome;
  }
}

function silentRig(): Rig {
  const rig = new Rig();
  rig.best.isManual = true;
  return rig;
}

describe("an engine that gives no sound", () => {
  test("in the patience of the request is overtaken by the next, and nothing is said twice", async () => {
    const rig = silentRig();
    const listening = new Listening(rig);
    rig.clock.advance(699);
    expect(rig.plain.texts).toEqual([]);
    rig.clock.advance(1);
    expect(await listening.ends()).toBe("spoken");
    expect(listening.spokenBy).toEqual(["plain"]);
    expect(rig.best.aborts).toBe(1);
    const { length } = listening.heard;
    rig.best.utterances[0]?.give(tone(100), 24_000);
    expect(listening.heard).toHaveLength(length);
  });

  test("counts as slow: the next speaks at once from now on, and it is tried in the background", async () => {
    const rig = silentRig();
    const listening = new Listening(rig);
    rig.clock.advance(700);
    await listening.ends();
    expect(rig.engine.status()).toMatchObject({
      speaking: "plain",
      engines: [{ slow: 1, works: false }, { slow: 0 }],
    });
    expect(await rig.hears("Two.")).toBe("spoken");
    rig.clock.advance(5000);
    await rig.hears("Three.");
    await until(() => rig.best.texts.at(-1) === "Yes.", "a trial");
    rig.clock.advance(700);
    await until(() => rig.engine.status().engines[0]?.failures === 2, "the end of the trial");
    expect(rig.best.aborts).toBe(2);
    expect(rig.engine.status().speaking).toBe("plain");
    rig.best.isManual = false;
    rig.clock.advance(20_000);
    await rig.hears("Four.");
    await until(() => rig.engine.status().speaking === "best", "the return");
    expect(rig.changes.map(({ engine, works, speaking }) => [engine, works, speaking])).toEqual([
      ["best", false, "plain"],
      ["best", true, "best"],
    ]);
  });

  test("until the next one is being asked, and then is first, speaks", async () => {
    const rig = silentRig();
    rig.plain.isManual = true;
    const listening = new Listening(rig);
    rig.clock.advance(700);
    expect(rig.plain.texts).toEqual(["Hello."]);
    rig.best.utterances[0]?.give(tone(100), 24_000);
    rig.plain.utterances[0]?.give(tone(50), 24_000);
    rig.best.utterances[0]?.finish();
    expect(await listening.ends()).toBe("spoken");
    expect(listening.heard).toEqual([2400]);
    expect(listening.spokenBy).toEqual(["best"]);
    expect(rig.plain.aborts).toBe(1);
    expect(rig.engine.status().engines[0]).toMatchObject({ works: true, slow: 0 });
  });

  test("is waited for when the next one fails", async () => {
    const rig = silentRig();
    rig.plain.failure = "no voice";
    const listening = new Listening(rig);
    rig.clock.advance(700);
    await until(() => rig.engine.status().engines[1]?.failures === 1, "the failure");
    rig.best.utterances[0]?.give(tone(100), 24_000);
    rig.best.utterances[0]?.finish();
    expect(await listening.ends()).toBe("spoken");
    expect(listening.heard).toEqual([2400]);
  });

  test("is waited for as long as the request has patience, and no abort counts against it", async () => {
    const rig = silentRig();
    const listening = new Listening(rig, 5000);
    rig.clock.advance(4999);
    expect(rig.plain.texts).toEqual([]);
    listening.abort.abort();
    expect(await listening.ends()).toBe("the speech was aborted");
    expect(rig.clock.timers).toBe(0);
    expect(rig.engine.status().engines[0]).toMatchObject({ works: true, failures: 0 });
  });
});

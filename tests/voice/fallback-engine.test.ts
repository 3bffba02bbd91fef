/** Engines that fail, others that speak in their place, and the return of those that failed. */
import { describe, expect, test } from "bun:test";
import { describeError } from "../../src/core/errors.ts";
import { FallbackEngine } from "../../src/voice/fallback-engine.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
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
  });

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

import { describe, expect, test } from "bun:test";
import type { PartialText } from "../../src/whisper/local-agreement.ts";
import { PartialTexts } from "../../src/whisper/partial-texts.ts";
import { Transcription } from "../../src/whisper/transcription.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { eventLoopTurn } from "./event-loop-turn.ts";

class Rig {
  readonly recogniser = new ScriptedRecogniser();
  readonly clock = new FakeClock();
  readonly shown: PartialText[] = [];
  readonly texts: PartialTexts;

  constructor() {
    const { recogniser, clock } = this;
    this.texts = new PartialTexts({
      clock,
      hasIdleLane: () => recogniser.idleLanes > 0,
      transcribe: (samples) =>
        new Transcription({
          recogniser,
          samples,
          settings: {
            language: "en",
            translate: false,
            timestamps: true,
            prompt: "",
            audioContext: { floor: 256, margin: 25 },
          },
          language: "en",
          prompt: "",
          urgency: "partial",
        }),
      onPartial: (partial) => void this.shown.push(partial),
    });
  }

  /** Lets time pass as a call does, window by window, with the open utterance as long as given. */
  pass(ms: number, audioMs = 2_000): void {
    const samples = new Float32Array(audioMs * 16).fill(0.5);
    for (let passed = 0; passed < ms; passed += 32) {
      this.texts.consider(samples, audioMs);
      this.clock.advance(32);
    }
  }

  async answer(index: number, text: string): Promise<void> {
    this.recogniser.job(index).answer(text);
    await eventLoopTurn();
  }
}

describe("a run over the open utterance", () => {
  test("begins at once with 0.7 s of sound, and with less not at all", () => {
    const rig = new Rig();
    rig.pass(3_000, 699);
    expect(rig.recogniser.jobs).toHaveLength(0);
    rig.pass(32, 700);
    expect(rig.recogniser.jobs).toHaveLength(1);
    expect(rig.recogniser.job(0).request.urgency).toBe("partial");
  });

  test("follows the one before at most every 600 ms, and never while that one runs", async () => {
    const rig = new Rig();
    rig.pass(3_000);
    expect(rig.recogniser.jobs).toHaveLength(1);
    await rig.answer(0, "one");
    rig.pass(32);
    expect(rig.recogniser.jobs).toHaveLength(2);
    await rig.answer(1, "one two");
    rig.pass(500);
    expect(rig.recogniser.jobs).toHaveLength(2);
    rig.pass(100);
    expect(rig.recogniser.jobs).toHaveLength(3);
  });

  test("waits for an idle lane", () => {
    const rig = new Rig();
    rig.recogniser.idleLanes = 0;
    rig.pass(5_000);
    expect(rig.recogniser.jobs).toHaveLength(0);
    rig.recogniser.idleLanes = 1;
    rig.pass(32);
    expect(rig.recogniser.jobs).toHaveLength(1);
  });

  test("has samples of its own, for the open utterance grows on", () => {
    const rig = new Rig();
    const samples = new Float32Array(16_000).fill(0.5);
    rig.texts.consider(samples, 1_000);
    samples.fill(0);
    expect(rig.recogniser.job(0).request.samples.every((sample) => sample === 0.5)).toBe(true);
  });

  test("that fails, or was given up for more urgent work, is followed by another", async () => {
    const rig = new Rig();
    rig.pass(32);
    rig.recogniser.job(0).fail("decoding was aborted");
    await eventLoopTurn();
    rig.pass(700);
    expect(rig.recogniser.jobs).toHaveLength(2);
    expect(rig.shown).toEqual([]);
  });
});

describe("what is shown", () => {
  test("is what two runs agree on, and what the latest one guesses", async () => {
    const rig = new Rig();
    const runs = ["I would", "I would like a", "I would like the table"];
    for (const [index, text] of runs.entries()) {
      rig.pass(700);
      await rig.answer(index, text);
    }
    expect(rig.shown).toEqual([
      { committed: "", tentative: "I would" },
      { committed: "I would", tentative: "like a" },
      { committed: "I would like", tentative: "the table" },
    ]);
  });

  test("is nothing where nothing was heard", async () => {
    const rig = new Rig();
    rig.pass(32);
    await rig.answer(0, "[BLANK_AUDIO]");
    expect(rig.shown).toEqual([]);
  });
});

describe("when the utterance is over", () => {
  test("the run is aborted, and its text is not shown even if it came in the same instant", async () => {
    const rig = new Rig();
    rig.pass(32);
    rig.recogniser.job(0).answer("too late");
    rig.texts.stop();
    await eventLoopTurn();
    expect(rig.shown).toEqual([]);
    rig.pass(32);
    rig.texts.stop();
    expect(rig.recogniser.job(1).isAborted).toBe(true);
    await eventLoopTurn();
    expect(rig.shown).toEqual([]);
  });

  test("the next one begins without its words and without its wait", async () => {
    const rig = new Rig();
    rig.pass(32);
    await rig.answer(0, "yes please");
    rig.texts.stop();
    rig.pass(32);
    await rig.answer(1, "yes please do");
    expect(rig.shown.at(-1)).toEqual({ committed: "", tentative: "yes please do" });
  });

  test("a late end of its run does not disturb the run of the next one", async () => {
    const rig = new Rig();
    rig.pass(32);
    rig.recogniser.job(0).answer("old");
    rig.texts.stop();
    rig.pass(32);
    await eventLoopTurn();
    rig.pass(3_000);
    expect(rig.recogniser.jobs).toHaveLength(2);
    await rig.answer(1, "new");
    expect(rig.shown).toEqual([{ committed: "", tentative: "new" }]);
  });
});

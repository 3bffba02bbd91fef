import { describe, expect, test } from "bun:test";
import type { DecodeSettings } from "../../src/whisper/transcription.ts";
import {
  type FinalTranscript,
  type HeardUtterance,
  UtteranceLine,
} from "../../src/whisper/utterance-line.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { eventLoopTurn } from "./event-loop-turn.ts";

const rateHz = 16_000;
const loop = "see you then see you then see you then";
const doubtful = { averageLogProbability: -1.5 } as const;

const plainSettings: DecodeSettings = {
  language: "en",
  translate: false,
  timestamps: true,
  prompt: "",
  audioContext: { floor: 256, margin: 25 },
};

/** The utterance that begins and ends at these seconds of the call. */
function utterance(from: number, to: number, speechProbability = 0.7): HeardUtterance {
  const startSample = from * rateHz;
  const endSample = to * rateHz;
  const samples = new Float32Array(endSample - startSample);
  return { startSample, endSample, samples, speechProbability };
}

class Rig {
  readonly recogniser = new ScriptedRecogniser();
  readonly finals: FinalTranscript[] = [];
  readonly line: UtteranceLine;

  constructor(settings: Partial<DecodeSettings> = {}, after: Promise<void> = Promise.resolve()) {
    this.line = new UtteranceLine({
      recogniser: this.recogniser,
      settings: { ...plainSettings, ...settings },
      after,
      onFinal: (final) => void this.finals.push(final),
    });
  }

  get texts(): string[] {
    return this.finals.map(({ text, error }) => error ?? text);
  }

  /** Jobs by what became of them: urgency, and `!` for aborted, `+` for raised. */
  get jobs(): string[] {
    return this.recogniser.jobs.map(
      ({ request, isAborted, isRaised }) =>
        `${request.urgency}${isRaised ? "+" : ""}${isAborted ? "!" : ""}`,
    );
  }
}

describe("a text that is foreseen", () => {
  test("is begun in the pause and becomes the final one without another run", async () => {
    const rig = new Rig();
    rig.line.foresee(utterance(1, 3));
    expect(rig.jobs).toEqual(["speculative"]);
    expect(rig.line.pending).toBe(0);
    rig.line.add(utterance(1, 3));
    expect(rig.jobs).toEqual(["speculative+"]);
    rig.recogniser.job(0).answer("hello");
    await rig.line.drained();
    expect(rig.finals).toMatchObject([{ text: "hello", wasForeseen: true, audioMs: 2_000 }]);
  });

  test("is delivered at once when it is there before the silence ends, and not earlier", async () => {
    const rig = new Rig();
    rig.line.foresee(utterance(1, 3));
    rig.recogniser.job(0).answer("hello");
    await eventLoopTurn();
    expect(rig.finals).toEqual([]);
    rig.line.add(utterance(1, 3));
    expect(rig.finals).toEqual([]);
    await rig.line.drained();
    expect(rig.texts).toEqual(["hello"]);
    expect(rig.jobs).toHaveLength(1);
  });

  test("is given up when speech goes on", async () => {
    const rig = new Rig();
    rig.line.foresee(utterance(1, 3));
    rig.line.retract();
    expect(rig.jobs).toEqual(["speculative!"]);
    rig.line.foresee(utterance(1, 5));
    rig.line.add(utterance(1, 5));
    expect(rig.jobs).toEqual(["speculative!", "speculative+"]);
    rig.recogniser.job(1).answer("all of it");
    await rig.line.drained();
    expect(rig.texts).toEqual(["all of it"]);
  });

  test("is given up when another is foreseen, or the utterance ends elsewhere", () => {
    const rig = new Rig();
    rig.line.foresee(utterance(1, 3));
    rig.line.foresee(utterance(1, 4));
    rig.line.add(utterance(1, 3.5));
    expect(rig.jobs).toEqual(["speculative!", "speculative!", "final"]);
  });

  test("is decoded anew when that has failed before the utterance was over", async () => {
    const rig = new Rig();
    rig.line.foresee(utterance(1, 3));
    rig.recogniser.job(0).fail("out of memory");
    await eventLoopTurn();
    rig.line.add(utterance(1, 3));
    expect(rig.jobs).toEqual(["speculative", "final"]);
    rig.recogniser.job(1).answer("second chance");
    await rig.line.drained();
    expect(rig.finals).toMatchObject([{ text: "second chance", wasForeseen: false }]);
  });

  test("is not taken for the utterance after it", () => {
    const rig = new Rig();
    rig.line.foresee(utterance(1, 3));
    rig.line.add(utterance(1, 3));
    rig.line.add(utterance(4, 5));
    expect(rig.jobs).toEqual(["speculative+", "final"]);
  });
});

describe("texts are delivered", () => {
  test("in the order of speech, whichever is decoded first and whichever fails", async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = new SeededRandom(seed);
      const rig = new Rig();
      const expected = Array.from({ length: 12 }, (_, index) => `text ${index}`);
      for (const index of expected.keys()) {
        if (random.between(0, 1) === 1) rig.line.foresee(utterance(index, index + 0.5));
        rig.line.add(utterance(index, index + 0.5));
      }
      const order = expected
        .map((text, index) => ({ text, index, rank: random.unit() }))
        .toSorted((a, b) => a.rank - b.rank);
      for (const { text, index } of order) {
        if (random.between(0, 3) === 0) rig.recogniser.job(index).fail(text);
        else rig.recogniser.job(index).answer(text);
        await eventLoopTurn();
        expect(rig.texts).toEqual(expected.slice(0, rig.texts.length));
      }
      expect(rig.texts).toEqual(expected);
      expect(rig.line.pending).toBe(0);
    }
  });

  test("never from within add, even when they are there", () => {
    const rig = new Rig();
    rig.recogniser.auto = () => "at once";
    rig.line.add(utterance(0, 1));
    expect(rig.finals).toEqual([]);
    expect(rig.line.pending).toBe(1);
  });

  test("after those of the call before", async () => {
    const before = Promise.withResolvers<void>();
    const rig = new Rig({}, before.promise);
    rig.line.add(utterance(0, 1));
    rig.recogniser.job(0).answer("second call");
    const drained = rig.line.drained();
    await eventLoopTurn();
    expect(rig.finals).toEqual([]);
    before.resolve();
    await drained;
    expect(rig.texts).toEqual(["second call"]);
  });

  test("with their words, times and confidences", async () => {
    const rig = new Rig();
    const own = utterance(2, 3, 0.75);
    rig.line.add(own);
    rig.recogniser.job(0).answer("hello there", {
      queuedMs: 3,
      decodeMs: 40,
      averageLogProbability: -0.3,
      noSpeechProbability: 0.05,
    });
    await rig.line.drained();
    const [final] = rig.finals;
    expect(final).toMatchObject({
      text: "hello there",
      language: "en",
      audioMs: 1_000,
      queuedMs: 3,
      decodeMs: 40,
      tries: 1,
      audioContext: 256,
      averageLogProbability: -0.3,
      noSpeechProbability: 0.05,
      wasForeseen: false,
    });
    expect(final?.words.map(({ text }) => text)).toEqual(["hello", "there"]);
    expect(final?.utterance).toBe(own);
    expect(final && "error" in final).toBe(false);
    expect(final && "invention" in final).toBe(false);
  });
});

describe("a text that was made up", () => {
  test.each([
    ["no-speech", "thank you", { noSpeechProbability: 0.95 }],
    ["no-speech", "thank you", { noSpeechProbability: 0.7, averageLogProbability: -1.2 }],
    ["repetition", loop, {}],
  ])("is dropped as %s, and what it was is told", async (reason, text, quality) => {
    const rig = new Rig();
    // So long that it had the full context from the start and is not tried again.
    rig.line.add(utterance(0, 29));
    rig.recogniser.job(0).answer(text, quality);
    await rig.line.drained();
    expect(rig.finals).toMatchObject([{ text: "", words: [], invention: { reason, text } }]);
  });

  test("is believed where the detector is certain of speech", async () => {
    const rig = new Rig();
    rig.line.add(utterance(0, 29, 0.8));
    rig.recogniser.job(0).answer(loop);
    await rig.line.drained();
    expect(rig.finals).toMatchObject([{ text: loop }]);
  });

  test("teaches the call nothing", async () => {
    const rig = new Rig({ language: "auto" });
    rig.line.add(utterance(0, 2));
    rig.recogniser.job(0).answer("merci", { noSpeechProbability: 0.95, language: "fr" });
    await rig.line.drained();
    rig.line.add(utterance(3, 5));
    expect(rig.recogniser.job(1).request.language).toBe("auto");
  });
});

describe("a doubtful text", () => {
  test("is tried again with the full context before it is delivered", async () => {
    const rig = new Rig();
    rig.line.add(utterance(0, 2));
    rig.recogniser.job(0).answer(loop);
    await eventLoopTurn();
    expect(rig.finals).toEqual([]);
    expect(rig.recogniser.job(1).request.audioContext).toBe(0);
    rig.recogniser.job(1).answer("see you then");
    await rig.line.drained();
    expect(rig.finals).toMatchObject([{ text: "see you then", tries: 2, audioContext: 0 }]);
  });

  test("both of whose tries are loops is dropped once", async () => {
    const rig = new Rig();
    rig.line.add(utterance(0, 2));
    rig.recogniser.job(0).answer(loop);
    await eventLoopTurn();
    rig.recogniser.job(1).answer(loop);
    await rig.line.drained();
    expect(rig.finals).toMatchObject([{ text: "", invention: { reason: "repetition" }, tries: 2 }]);
  });
});

describe("what a call teaches", () => {
  test("its language is told by the first good utterance and kept", async () => {
    const rig = new Rig({ language: "auto" });
    rig.line.add(utterance(0, 2));
    rig.recogniser.job(0).answer("guten Tag", { language: "de" });
    await rig.line.drained();
    rig.line.foresee(utterance(3, 5));
    rig.line.add(utterance(3, 5));
    rig.recogniser.job(1).answer("bonjour", { language: "fr" });
    await rig.line.drained();
    rig.line.add(utterance(6, 8));
    expect(rig.recogniser.jobs.map(({ request }) => request.language)).toEqual([
      "auto",
      "de",
      "de",
    ]);
  });

  test("the prompt goes with each utterance, but not after 10 s of silence", async () => {
    const rig = new Rig({ prompt: "Ms Okonkwo" });
    rig.line.add(utterance(0, 2));
    rig.recogniser.job(0).answer("good day");
    await rig.line.drained();
    rig.line.add(utterance(12, 13));
    rig.line.add(utterance(12.1, 13));
    const prompts = rig.recogniser.jobs.map(({ request }) => request.prompt);
    expect(prompts).toEqual(["Ms Okonkwo", "Ms Okonkwo", ""]);
  });
});

describe("a run for those who watch", () => {
  test("is decoded as its utterance will be, but nothing is delivered", async () => {
    const rig = new Rig({ prompt: "Ms Okonkwo" });
    const run = rig.line.watch(new Float32Array(rateHz), 500);
    expect(rig.jobs).toEqual(["partial"]);
    expect(rig.recogniser.job(0).request.prompt).toBe("Ms Okonkwo");
    rig.recogniser.job(0).answer("hel");
    expect((await run.result).text).toBe("hel");
    await rig.line.drained();
    expect(rig.finals).toEqual([]);
    expect(rig.line.pending).toBe(0);
  });
});

describe("draining", () => {
  test("is done at once when nothing is pending, whatever is foreseen", async () => {
    const rig = new Rig();
    rig.line.foresee(utterance(0, 1));
    await rig.line.drained();
    expect(rig.finals).toEqual([]);
  });

  test("waits for the last text, for all who ask", async () => {
    const rig = new Rig();
    rig.line.add(utterance(0, 1));
    rig.line.add(utterance(2, 3));
    let drained = 0;
    const count = (): void => void (drained += 1);
    const both = [rig.line.drained().then(count), rig.line.drained().then(count)];
    rig.recogniser.job(0).answer("one");
    await eventLoopTurn();
    expect(drained).toBe(0);
    rig.recogniser.job(1).answer("two");
    await Promise.all(both);
    expect(drained).toBe(2);
  });

  test("abort ends it: what is not decoded is delivered as failed, in order", async () => {
    const rig = new Rig();
    for (let index = 0; index < 4; index += 1) rig.line.add(utterance(index, index + 0.5));
    rig.line.foresee(utterance(5, 6));
    rig.recogniser.job(1).answer("one");
    // The third one is in its second try.
    rig.recogniser.job(2).answer("two", doubtful);
    await eventLoopTurn();
    const drained = rig.line.drained();
    rig.line.abort();
    await drained;
    expect(rig.recogniser.open).toEqual([]);
    expect(rig.texts).toEqual([
      "decoding was aborted",
      "one",
      "decoding was aborted",
      "decoding was aborted",
    ]);
  });
});

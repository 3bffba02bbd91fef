import { describe, expect, test } from "bun:test";
import type { Urgency } from "../../src/whisper/recogniser.ts";
import { type DecodeSettings, Transcription } from "../../src/whisper/transcription.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { eventLoopTurn, failureOf } from "./event-loop-turn.ts";

const loop = "see you then see you then see you then";
const doubtful = { averageLogProbability: -1.5 } as const;

const settings: DecodeSettings = {
  language: "auto",
  translate: true,
  timestamps: false,
  prompt: "not this one",
  audioContext: { floor: 256, margin: 25 },
};

interface Rig {
  readonly recogniser: ScriptedRecogniser;
  readonly samples: Float32Array;
  readonly transcription: Transcription;
}

function createRig(
  options: { seconds?: number; urgency?: Urgency; modelAudioContext?: number } = {},
): Rig {
  const { seconds = 3, urgency = "final", modelAudioContext = 1_500 } = options;
  const recogniser = new ScriptedRecogniser();
  recogniser.modelAudioContext = modelAudioContext;
  const samples = new Float32Array(seconds * 16_000);
  const transcription = new Transcription({
    recogniser,
    samples,
    settings,
    language: "de",
    prompt: "Ms Okonkwo",
    urgency,
  });
  return { recogniser, samples, transcription };
}

describe("the first try", () => {
  test("has the context that fits the sound, and the language and prompt of the call", () => {
    const { recogniser, samples } = createRig({ urgency: "speculative" });
    expect(recogniser.jobs.map(({ request }) => request)).toEqual([
      {
        samples,
        audioContext: 256,
        language: "de",
        translate: true,
        timestamps: false,
        prompt: "Ms Okonkwo",
        urgency: "speculative",
      },
    ]);
    expect(recogniser.job(0).request.samples).toBe(samples);
  });

  test("is all when it is sure", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer("hello there", { queuedMs: 5, decodeMs: 40 });
    const heard = await transcription.result;
    expect(heard).toMatchObject({
      text: "hello there",
      audioContext: 256,
      tries: 1,
      queuedMs: 5,
      decodeMs: 40,
    });
    expect(recogniser.jobs).toHaveLength(1);
    expect(transcription.hasFailed).toBe(false);
  });

  test.each([
    ["30 s of sound", { seconds: 30 }],
    ["a model that has no more", { seconds: 9, modelAudioContext: 512 }],
  ])("is all when it had the full context: %s", async (_name, options) => {
    const { recogniser, transcription } = createRig(options);
    expect(recogniser.job(0).request.audioContext).toBe(0);
    recogniser.job(0).answer(loop, doubtful);
    expect(await transcription.result).toMatchObject({ text: loop, tries: 1, audioContext: 0 });
    expect(recogniser.jobs).toHaveLength(1);
  });

  test("is all when nothing was said", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer("", doubtful);
    expect(await transcription.result).toMatchObject({ text: "", tries: 1 });
  });

  test("that fails is the end", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).fail("out of luck");
    expect(await failureOf(transcription.result)).toContain("out of luck");
    await eventLoopTurn();
    expect(transcription.hasFailed).toBe(true);
    expect(recogniser.jobs).toHaveLength(1);
  });
});

describe("a doubtful text is tried again with the full context", () => {
  test.each([
    ["the second is surer", "four two", -0.3, { text: "four two", audioContext: 0 }],
    ["the second is less sure", "for too", -2, { text: "first text", audioContext: 256 }],
    ["the second is a loop", loop, -0.1, { text: "first text", audioContext: 256 }],
  ])("%s", async (_name, text, averageLogProbability, believed) => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer("first text", doubtful);
    await eventLoopTurn();
    expect(recogniser.job(1).request).toMatchObject({ audioContext: 0, language: "de" });
    recogniser.job(1).answer(text, { averageLogProbability });
    expect(await transcription.result).toMatchObject({ ...believed, tries: 2 });
  });

  test("a loop is doubtful however sure it is", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer(loop);
    await eventLoopTurn();
    recogniser.job(1).answer("see you then", doubtful);
    expect((await transcription.result).text).toBe("see you then");
  });

  test("and the times of both tries count", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer("a", { ...doubtful, queuedMs: 10, decodeMs: 100 });
    await eventLoopTurn();
    recogniser.job(1).answer("b", { queuedMs: 20, decodeMs: 300 });
    expect(await transcription.result).toMatchObject({ queuedMs: 30, decodeMs: 400 });
  });

  test("and when that fails, the first text is better than none", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer("first text", doubtful);
    await eventLoopTurn();
    recogniser.job(1).fail("out of memory");
    expect(await transcription.result).toMatchObject({ text: "first text", audioContext: 256 });
    expect(transcription.hasFailed).toBe(false);
  });
});

describe("a speculative job that becomes the final one", () => {
  test("is raised where it stands", () => {
    const { recogniser, transcription } = createRig({ urgency: "speculative" });
    transcription.raise();
    expect(recogniser.job(0).isRaised).toBe(true);
  });

  test("is final in its second try, if it was raised before", async () => {
    const { recogniser, transcription } = createRig({ urgency: "speculative" });
    transcription.raise();
    recogniser.job(0).answer("a", doubtful);
    await eventLoopTurn();
    expect(recogniser.job(1).request.urgency).toBe("final");
  });

  test("is raised in its second try, if that has begun", async () => {
    const { recogniser, transcription } = createRig({ urgency: "speculative" });
    recogniser.job(0).answer("a", doubtful);
    await eventLoopTurn();
    expect(recogniser.job(1).request.urgency).toBe("speculative");
    transcription.raise();
    expect(recogniser.job(1).isRaised).toBe(true);
  });
});

describe("abort", () => {
  test("ends the first try", async () => {
    const { recogniser, transcription } = createRig();
    transcription.abort();
    expect(recogniser.job(0).isAborted).toBe(true);
    expect(await failureOf(transcription.result)).toContain("aborted");
    await eventLoopTurn();
    expect(transcription.hasFailed).toBe(true);
    expect(recogniser.jobs).toHaveLength(1);
  });

  test("ends the second try, and the doubtful first one is not the text", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer("a", doubtful);
    await eventLoopTurn();
    transcription.abort();
    expect(recogniser.job(1).isAborted).toBe(true);
    expect(await failureOf(transcription.result)).toContain("aborted");
  });

  test("between the two starts no second one", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer("a", doubtful);
    transcription.abort();
    await transcription.result.catch(() => undefined);
    await eventLoopTurn();
    expect(recogniser.jobs).toHaveLength(1);
  });

  test("does no harm when the text is there", async () => {
    const { recogniser, transcription } = createRig();
    recogniser.job(0).answer("hello");
    await transcription.result;
    transcription.abort();
    transcription.raise();
    expect((await transcription.result).text).toBe("hello");
  });

  test("that nobody listens to is no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    createRig().transcription.abort();
    await eventLoopTurn();
    await eventLoopTurn();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});

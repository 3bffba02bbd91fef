/** The run over all recordings and conditions, with a recogniser that says what the test wants. */
import { describe, expect, test } from "bun:test";
import { WildfireError } from "../../src/core/errors.ts";
import { listConditions } from "../../src/evaluation/conditions.ts";
import {
  type ConditionOutcome,
  evaluate,
  type EvaluationOptions,
} from "../../src/evaluation/evaluation.ts";
import { normaliseEnglish } from "../../src/evaluation/english-normaliser.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { until } from "../fakes/until.ts";

const second = 16_000;

function conditionsOf(...sounds: readonly string[]): ReturnType<typeof listConditions> {
  return listConditions({
    sounds,
    snrsDb: [15],
    lossPercents: [5],
    contexts: ["trimmed", "full"],
  });
}

/** Each file lasts as many seconds as its name says. */
function run(
  recogniser: ScriptedRecogniser,
  texts: Readonly<Record<string, string>>,
  changed: Partial<EvaluationOptions> = {},
): Promise<ConditionOutcome[]> {
  return evaluate({
    recordings: Object.entries(texts).map(([name, text]) => ({ name, path: `/x/${name}`, text })),
    conditions: conditionsOf("clean"),
    recogniser,
    settings: {
      language: "en",
      translate: false,
      timestamps: true,
      prompt: "",
      audioContext: { floor: 256, margin: 25 },
    },
    normalise: normaliseEnglish,
    seed: 1,
    read: async ({ name }) => new Float32Array(Number.parseInt(name, 10) * second),
    onProgress: () => undefined,
    onSkipped: () => undefined,
    ...changed,
  });
}

test("each recording is heard with a context trimmed to it and with the full one", async () => {
  const recogniser = new ScriptedRecogniser();
  recogniser.auto = () => "hello";
  await run(recogniser, { "2.wav": "Hello.", "8.wav": "Hello.", "29.wav": "Hello." });
  const contexts = recogniser.jobs.map(({ request }) => request.audioContext);
  expect(contexts).toEqual([256, 0, 512, 0, 0, 0]);
  const settings = recogniser.jobs.map(({ request }) => [request.language, request.urgency]);
  expect(new Set(settings.map(String))).toEqual(new Set(["en,final"]));
});

test("errors are counted over all utterances of a condition, after normalisation", async () => {
  const recogniser = new ScriptedRecogniser();
  const heard = ["Two four six", "246", "Good buy now", "good bye"];
  recogniser.auto = (_, index) => heard[index] ?? "";
  const [clean, full] = await run(recogniser, { "1.wav": "Two, four, six.", "2.wav": "Good bye!" });
  expect(clean?.score).toMatchObject({
    name: "clean",
    utterances: 2,
    exact: 1,
    words: 3,
    wer: 2 / 3,
    substitutions: 1,
    deletions: 0,
    insertions: 1,
    audioMs: 3000,
  });
  expect(clean?.misheard).toEqual([
    { file: "2.wav", reference: "good bye", hypothesis: "good buy now" },
  ]);
  expect(full?.score).toMatchObject({ name: "clean, full context", wer: 0, exact: 2 });
});

test("text heard where nothing is said is an insertion, and the rate stays a number", async () => {
  const recogniser = new ScriptedRecogniser();
  recogniser.auto = () => "thank you";
  const [clean] = await run(recogniser, { "1.wav": "" });
  expect(clean?.score).toMatchObject({ utterances: 1, words: 0, insertions: 2, wer: 2 });
});

test("sounds that are no words do not count, as in the service", async () => {
  const recogniser = new ScriptedRecogniser();
  recogniser.auto = () => "[BLANK_AUDIO] hello";
  const [clean] = await run(recogniser, { "1.wav": "Hello" });
  expect(clean?.score.wer).toBe(0);
});

test("a doubtful text is decoded again with the full context, and that is counted", async () => {
  const recogniser = new ScriptedRecogniser();
  const evaluating = run(
    recogniser,
    { "2.wav": "Hello" },
    { conditions: conditionsOf("clean").slice(0, 1) },
  );
  await until(() => recogniser.jobs.length === 1, "the first try");
  recogniser.jobs[0]?.answer("yellow", { averageLogProbability: -2 });
  await until(() => recogniser.jobs.length === 2, "the second try");
  expect(recogniser.jobs[1]?.request.audioContext).toBe(0);
  recogniser.jobs[1]?.answer("hello");
  const [clean] = await evaluating;
  expect(clean?.score).toMatchObject({ wer: 0, secondTries: 1, utterances: 1 });
});

describe("lanes", () => {
  test("have two utterances each in flight and no more, however many there are", async () => {
    const recogniser = new ScriptedRecogniser();
    const reads: string[] = [];
    const names = Array.from({ length: 20 }, (_, index) => [`1.${index}.wav`, "hello"]);
    const evaluating = run(recogniser, Object.fromEntries(names), {
      read: async ({ name }) => {
        reads.push(name);
        return new Float32Array(second);
      },
    });
    const { lanes } = recogniser.status();
    let answered = 0;
    while (answered < 40) {
      await until(() => recogniser.jobs.length > answered, "another utterance");
      expect(recogniser.jobs.length - answered).toBeLessThanOrEqual(2 * lanes);
      expect(reads.length).toBeLessThanOrEqual(Math.ceil(recogniser.jobs.length / 2) + 1);
      recogniser.jobs[answered]?.answer("hello");
      answered += 1;
    }
    const [clean, full] = await evaluating;
    expect([clean?.score.utterances, full?.score.utterances]).toEqual([20, 20]);
  });

  test("may end in any order: misheard utterances are listed by file", async () => {
    const recogniser = new ScriptedRecogniser();
    const evaluating = run(
      recogniser,
      { "2.wav": "b", "1.wav": "a" },
      { conditions: conditionsOf("clean").slice(0, 1) },
    );
    await until(() => recogniser.jobs.length === 2, "both utterances");
    recogniser.jobs[0]?.answer("x");
    recogniser.jobs[1]?.answer("y");
    const [clean] = await evaluating;
    expect(clean?.misheard.map(({ file }) => file)).toEqual(["1.wav", "2.wav"]);
  });
});

describe("what cannot be heard is reported in a line and left out", () => {
  test("a recording that cannot be read", async () => {
    const recogniser = new ScriptedRecogniser();
    recogniser.auto = () => "hello";
    const skipped: string[] = [];
    const progress: string[] = [];
    const [clean] = await run(
      recogniser,
      { "1.wav": "hello", "bad.wav": "hello", "2.wav": "hello" },
      {
        read: async ({ name }) => {
          if (name === "bad.wav") throw new WildfireError("audio", '"bad.wav" is empty');
          return new Float32Array(second);
        },
        onSkipped: (reason) => skipped.push(reason),
        onProgress: (done, total) => progress.push(`${done}/${total}`),
      },
    );
    expect(skipped).toEqual(['"bad.wav" is empty']);
    expect(clean?.score.utterances).toBe(2);
    expect(progress.at(-1)).toBe("6/6");
  });

  test("a condition in which decoding fails, while the others count", async () => {
    const recogniser = new ScriptedRecogniser();
    const skipped: string[] = [];
    const evaluating = run(
      recogniser,
      { "1.wav": "hello" },
      { onSkipped: (reason) => skipped.push(reason) },
    );
    await until(() => recogniser.jobs.length === 2, "both conditions");
    recogniser.jobs[0]?.fail("out of memory");
    recogniser.jobs[1]?.answer("hello");
    const [clean, full] = await evaluating;
    expect(skipped).toEqual(['"1.wav" (clean): out of memory']);
    expect([clean?.score.utterances, full?.score.utterances]).toEqual([0, 1]);
    expect([clean?.score.wer, full?.score.wer]).toEqual([undefined, 0]);
  });
});

test("each sound is made once and heard under both contexts", async () => {
  const recogniser = new ScriptedRecogniser();
  recogniser.auto = () => "hello";
  const loud = Float32Array.from({ length: second }, (_, index) => Math.sin(index / 4) / 2);
  await run(
    recogniser,
    { "1.wav": "hello" },
    { conditions: conditionsOf("clean", "noise"), read: async () => loud },
  );
  const [trimmed, full, noisy, noisyFull] = recogniser.jobs.map(({ request }) => request.samples);
  expect(trimmed).toBe(loud);
  expect(full).toBe(loud);
  expect(noisy === noisyFull).toBe(true);
  expect(noisy).not.toEqual(loud);
});

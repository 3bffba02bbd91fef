/** Whether the demo model hears worse at the trimmed context of the service than at its full one. */
import { join } from "node:path";
import { listConditions } from "../src/evaluation/conditions.ts";
import { type ConditionOutcome, evaluate } from "../src/evaluation/evaluation.ts";
import { readRecording } from "../src/evaluation/recording.ts";
import { normaliserFor } from "../src/evaluation/text-normaliser.ts";
import type { Bench, BenchContext } from "./context.ts";
import { loadModel, type ModelUnderTest } from "./loaded-model.ts";
import { recordings, refuse } from "./sentences.ts";

/** So few recordings say more when they are heard over several lines. */
const sounds = { full: ["clean", "mu-law", "a-law", "noise", "loss"], quick: ["clean"] } as const;
const snrsDb = [30, 20];
const lossPercents = [2];
const seed = 1;

export const hearingWer: Bench = {
  names: ["hearing.wer-change-trimmed"],
  isDisturbedByOthers: false,
  async run(context) {
    const stateFolder = join(context.temporaryFolder, "wer");
    const model = await loadModel({ model: "demo", lanes: undefined, stateFolder });
    try {
      return new Map([["hearing.wer-change-trimmed", await compare(model, context)]]);
    } finally {
      await model.close();
    }
  },
};

async function compare(model: ModelUnderTest, context: BenchContext): Promise<number> {
  const conditions = listConditions({
    sounds: context.isQuick ? sounds.quick : sounds.full,
    snrsDb,
    lossPercents,
    contexts: ["trimmed", "full"],
  });
  const { settings, recogniser } = model;
  const outcomes = await evaluate({
    recordings: await recordings(),
    conditions,
    recogniser,
    settings,
    normalise: normaliserFor(settings.language).normalise,
    seed,
    read: readRecording,
    onProgress: (done, total) => context.progress(`word errors: ${done} of ${total} utterances`),
    onSkipped: refuse,
  });
  const isTrimmed = (_: ConditionOutcome, index: number): boolean =>
    conditions[index]?.context === "trimmed";
  const isFull = (_: ConditionOutcome, index: number): boolean =>
    conditions[index]?.context === "full";
  const trimmed = addUp(outcomes.filter(isTrimmed));
  const full = addUp(outcomes.filter(isFull));
  context.note(
    `word errors: ${trimmed.errors} trimmed (${trimmed.secondTries} heard again with the full ` +
      `context), ${full.errors} full, of ${full.words} words in ${full.utterances} utterances`,
  );
  return trimmed.errors / trimmed.words - full.errors / full.words;
}

interface Sum {
  readonly utterances: number;
  readonly words: number;
  readonly errors: number;
  readonly secondTries: number;
}

function addUp(outcomes: readonly ConditionOutcome[]): Sum {
  const sum = (value: (outcome: ConditionOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + value(outcome), 0);
  return {
    utterances: sum(({ score }) => score.utterances),
    words: sum(({ score }) => score.words),
    errors: sum(({ score }) => score.substitutions + score.deletions + score.insertions),
    secondTries: sum(({ score }) => score.secondTries),
  };
}

/** `wildfire wer DIR`: the word error rate of a model over recordings whose texts are known. */
import { availableParallelism } from "node:os";
import colors from "picocolors";
import { systemClock } from "../core/clock.ts";
import { errnoOf } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { createLogger, formatText } from "../core/log.ts";
import { type ConditionOutcome, evaluate } from "../evaluation/evaluation.ts";
import { Progress } from "../evaluation/progress.ts";
import { listRecordings } from "../evaluation/recording-folder.ts";
import { readRecording } from "../evaluation/recording.ts";
import {
  type Emphasis,
  type Evaluated,
  formatMisheard,
  formatTable,
  jsonReport,
} from "../evaluation/report.ts";
import { normaliserFor } from "../evaluation/text-normaliser.ts";
import { type LoadedModel, loadRecogniser } from "../services/recognition.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import { withFloor } from "../whisper/audio-context.ts";
import type { DecodeSettings } from "../whisper/transcription.ts";
import { chooseConditions, readWerArguments, werHelp, type WerValues } from "./wer-options.ts";

/** A measurement gives way to the calls of the host that it runs on. */
const niceness = 10;

/** Resolves to 0; rejects when no recording could be evaluated. */
export async function wer(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(werHelp);
    return 0;
  }
  const { folder, values } = readWerArguments(argv);
  const conditions = chooseConditions(values);
  const { name: normaliser, normalise } = normaliserFor(values.language);
  const progress = new Progress(systemClock, {
    isTerminal: process.stderr.isTTY,
    write: (text) => process.stderr.write(text),
  });
  const skipped: string[] = [];
  const onSkipped = (reason: string): void => {
    skipped.push(reason);
    progress.say(`wildfire: left out: ${reason}`);
  };
  const { recordings, lines } = await listRecordings(folder, onSkipped);
  const model = await loadModel(values);
  try {
    const outcomes = await evaluate({
      recordings,
      conditions,
      recogniser: model.recogniser,
      settings: decodeSettings(values, model),
      normalise,
      seed: values.seed,
      read: readRecording,
      onProgress: (done, total) => progress.update(done, total),
      onSkipped,
    });
    progress.clear();
    requireUtterances(outcomes, folder);
    const about = { model: model.name, language: values.language, normaliser, folder };
    await print(values, { ...about, recordings: lines, skipped, outcomes });
    return 0;
  } finally {
    progress.clear();
    await model.recogniser.close();
    await model.voice.close();
  }
}

async function loadModel(values: WerValues): Promise<LoadedModel> {
  const log = createLogger({
    level: "warn",
    clock: systemClock,
    sink: (record) => process.stderr.write(`${formatText(record, { showPrivate: false })}\n`),
  });
  const { threads } = values;
  return await loadRecogniser({
    modelPath: values.model,
    language: values.language,
    lanes: values.lanes ?? Math.max(1, Math.floor(availableParallelism() / threads)),
    threadsPerLane: threads,
    useGpu: !values["no-gpu"],
    niceness,
    context: {
      clock: systemClock,
      log,
      stateFolder: values["state-dir"] ?? currentStateFolder(),
      print: (line) => process.stdout.write(`${line}\n`),
    },
  });
}

function decodeSettings(values: WerValues, model: LoadedModel): DecodeSettings {
  return {
    language: values.language,
    translate: false,
    timestamps: true,
    prompt: values.prompt,
    audioContext: withFloor(model.audioContext, values["min-context"]),
  };
}

function requireUtterances(outcomes: readonly ConditionOutcome[], folder: string): void {
  if (outcomes.some(({ score }) => score.utterances > 0)) return;
  throw new WildfireError("audio", `nothing in ${quote(folder, 200)} could be evaluated`, {
    hint: "the lines above say why",
  });
}

async function print(values: WerValues, evaluated: Evaluated): Promise<void> {
  const showsErrors = values["show-errors"];
  const text = values.json
    ? JSON.stringify(jsonReport(evaluated, showsErrors), null, 2)
    : describe(evaluated, showsErrors);
  try {
    // Awaited, for the process ends as soon as the command does, and a pipe may still be full.
    await Bun.write(Bun.stdout, `${text}\n`);
  } catch (error) {
    // Whoever reads may stop when he has seen enough.
    if (errnoOf(error) !== "EPIPE") throw error;
  }
}

function describe(evaluated: Evaluated, showsErrors: boolean): string {
  const { bold, dim } = colors.createColors(process.stdout.isTTY && colors.isColorSupported);
  const emphasis: Emphasis = { strong: bold, faint: dim };
  const { model, recordings, folder, normaliser, outcomes } = evaluated;
  const heard = Math.max(...outcomes.map(({ score }) => score.utterances));
  const parts = [
    `${model}: ${heard} of ${recordings} recordings in ${folder}, ${normaliser} normaliser`,
    formatTable(outcomes, emphasis),
    showsErrors ? formatMisheard(outcomes, emphasis) : "",
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

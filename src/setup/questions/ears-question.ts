/** How well shall it hear? */
import { basename } from "node:path";
import { describeError, WildfireError } from "../../core/errors.ts";
import { type KnownModel, knownModels } from "../../models-store/known-models.ts";
import {
  describeVerdict,
  formatGb,
  judgeModel,
  type MachineFacts,
} from "../../models-store/machine-verdict.ts";
import type { StoredModel } from "../../models-store/model-folder.ts";
import { inspectStored } from "../../models-store/model-folder.ts";
import { factsOf, knownFacts } from "../../models-store/model-listing.ts";
import type { SetupDesk } from "../setup-desk.ts";
import type { Choice } from "../setup-prompter.ts";
import type { EarsState } from "../setup-state.ts";
import { settle } from "./settled.ts";

const demo: Choice<string> = {
  value: "demo",
  label: "The built-in demo model",
  hint: "knows a few words, for trying things out",
};
const otherFile: Choice<string> = { value: "file", label: "Another file on this machine" };
const pullMark = "pull ";
const fileMark = "file ";

/** Worth offering, best last; more can be had with `wildfire models pull`. */
const offered = [
  "tiny.en",
  "base.en",
  "base",
  "small.en-q5_1",
  "small.en",
  "small",
  "large-v3-turbo-q5_0",
];
const usualModel = "base.en";

/** `isNew`: nothing is configured yet, so that a real model is suggested. */
export async function askEars(
  desk: SetupDesk,
  present: EarsState,
  isNew: boolean,
): Promise<EarsState> {
  const { prompter, trials } = desk;
  let ears = present;
  let isSuggesting = isNew;
  for (;;) {
    const chosen = await chooseModel(desk, ears, isSuggesting);
    isSuggesting = false;
    if (chosen === undefined) continue;
    ears = chosen;
    const settlement = await settle(prompter, {
      label: "Loading the model and timing three seconds of speech",
      run: (signal) => trials.ears(chosen, signal),
    });
    if (settlement === "taken") return chosen;
  }
}

/** Undefined: the question is to be asked again, as after a download that did not come to an end. */
async function chooseModel(
  desk: SetupDesk,
  present: EarsState,
  isSuggesting: boolean,
): Promise<EarsState | undefined> {
  const machine = await desk.models.machine();
  const stored = await storedWith(desk, present.model);
  const chosen = await desk.prompter.select<string>({
    message: "Which model shall hear?",
    choices: [
      ...stored.map((model) => storedChoice(model, machine)),
      ...obtainable(stored, machine).map((model) => pullChoice(model, machine)),
      otherFile,
      demo,
    ],
    initial: initialChoice(present, stored, isSuggesting),
  });
  if (chosen === demo.value) return { model: undefined };
  if (chosen.startsWith(fileMark)) return { model: chosen.slice(fileMark.length) };
  if (chosen.startsWith(pullMark)) return await pull(desk, chosen.slice(pullMark.length));
  const path = await askFile(desk, present.model);
  return path === "" ? undefined : { model: path };
}

/** Those that can be used, and the configured one wherever it is. */
async function storedWith(
  { models }: SetupDesk,
  present: string | undefined,
): Promise<readonly StoredModel[]> {
  const stored = (await models.stored()).filter(({ info }) => info !== undefined);
  if (present === undefined || stored.some(({ path }) => path === present)) return stored;
  return [await inspectStored(present, basename(present)), ...stored];
}

function storedChoice(model: StoredModel, machine: MachineFacts): Choice<string> {
  const { path, file, sizeBytes, info } = model;
  const name = file.replace(/^ggml-(.*)\.bin$/, "$1");
  const verdict = describeVerdict(judgeModel(factsOf(model), machine));
  return {
    value: `${fileMark}${path}`,
    label: `${name}, here (${formatGb(sizeBytes)})`,
    hint: info === undefined ? "cannot be read" : verdict,
  };
}

function pullChoice(model: KnownModel, machine: MachineFacts): Choice<string> {
  const verdict = describeVerdict(judgeModel(knownFacts(model), machine));
  return {
    value: `${pullMark}${model.name}`,
    label: `${model.name}, download ${formatGb(model.aboutMb * 1e6)}`,
    hint: model.isEnglishOnly ? verdict : `many languages, ${verdict}`,
  };
}

/** What this machine cannot carry is not offered. */
function obtainable(stored: readonly StoredModel[], machine: MachineFacts): readonly KnownModel[] {
  const here = new Set(stored.map(({ file }) => file));
  return offered.flatMap((name) => {
    const model = knownModels.find((known) => known.name === name);
    if (model === undefined || here.has(model.file)) return [];
    const { kind } = judgeModel(knownFacts(model), machine);
    return kind === "too-big" || kind === "too-slow" ? [] : [model];
  });
}

function initialChoice(
  present: EarsState,
  stored: readonly StoredModel[],
  isSuggesting: boolean,
): string {
  if (present.model !== undefined) return `${fileMark}${present.model}`;
  if (!isSuggesting) return demo.value;
  const [first] = stored;
  return first === undefined ? `${pullMark}${usualModel}` : `${fileMark}${first.path}`;
}

async function askFile({ prompter }: SetupDesk, present: string | undefined): Promise<string> {
  const typed = await prompter.text({
    message: "Which ggml model of whisper.cpp? (empty: back)",
    placeholder: "/models/ggml-base.en.bin",
    ...(present === undefined ? {} : { initial: present }),
    problem: modelPathProblem,
  });
  return typed.trim();
}

/** What is wrong with the name of a model's file; undefined for a right one, and for none. */
function modelPathProblem(answer: string): string | undefined {
  const path = answer.trim();
  return path === "" || path.startsWith("/") ? undefined : "Please give the whole path, from / on.";
}

/** A download that was begun goes on where it was when it is chosen again. */
async function pull({ prompter, models }: SetupDesk, name: string): Promise<EarsState | undefined> {
  try {
    const pulled = await prompter.busy({
      label: `Downloading ${name}`,
      run: (signal, tell) =>
        models.pull({ name, signal, onProgress: (done, total) => tell(formatShare(done, total)) }),
    });
    if (pulled.kind === "done") return { model: pulled.value };
    prompter.remark("warning", "Stopped; it goes on where it was when you choose it again.");
  } catch (error) {
    if (error instanceof WildfireError) prompter.remark("fault", error.message, error.hint);
    else prompter.remark("fault", describeError(error));
  }
  return undefined;
}

function formatShare(doneBytes: number, totalBytes: number | undefined): string {
  if (totalBytes === undefined || totalBytes === 0) return formatGb(doneBytes);
  const percent = Math.floor((100 * doneBytes) / totalBytes);
  return `${percent} % of ${formatGb(totalBytes)}`;
}

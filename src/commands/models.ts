/** `wildfire models list|pull|rm`: the whisper models on this machine, and those that can be had. */
import { homedir, tmpdir } from "node:os";
import { basename, resolve } from "node:path";
import {
  formatOptions,
  type OptionTable,
  type OptionValues,
  readOptions,
} from "../config/options.ts";
import { systemClock } from "../core/clock.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { requireKnownModel } from "../models-store/known-models.ts";
import { defaultModelFolder, inspectStored, listModels } from "../models-store/model-folder.ts";
import { listAsJson, listAsText } from "../models-store/model-listing.ts";
import { builtInName, ModelShelf } from "../models-store/model-shelf.ts";
import { checkMirror, checkSha256, publicModelPlace } from "../models-store/model-source.ts";
import { PullProgress } from "../models-store/pull-progress.ts";
import { type PulledModel, pullModel } from "../models-store/pull-model.ts";
import { loadCurrentConfig } from "../services/config-file.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import { thisMachine } from "../services/this-machine.ts";
import { modelsInUse } from "../models-store/models-in-use.ts";
import { takeOperands } from "./operands.ts";

export const modelsOptions = {
  "models-dir": { kind: "string", value: "DIR", help: "folder of the models" },
  mirror: { kind: "string", value: "URL", help: "where to get them; or set WILDFIRE_MODEL_MIRROR" },
  sha256: { kind: "string", value: "HEX", help: "pull: what the file must be" },
  all: { kind: "boolean", help: "list: all variants that can be had" },
  force: { kind: "boolean", help: "rm: also a model that is used or chosen" },
  json: { kind: "boolean", help: "list: one JSON object" },
  "state-dir": { kind: "string", value: "DIR", help: "state folder of the services" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

type Values = OptionValues<typeof modelsOptions>;

const help = `Whisper models: what is here, what can be had, and what this machine can carry.

Usage: wildfire models list [FILE…] [--all] [--json]
       wildfire models pull NAME…
       wildfire models rm NAME…
Example: wildfire models pull base.en

${formatOptions(modelsOptions)}

Without --models-dir models are in /var/lib/wildfire/models for root, else ~/.local/share/wildfire/models.
A mirror is a folder of files; NAME.sha256 beside a file holds its hash. HTTPS_PROXY is respected.
A download that broke goes on where it was.
`;

/** Resolves to 0; throws a WildfireError for what cannot be done. */
export async function models(argv: readonly string[]): Promise<number> {
  const { operands, rest } = takeOperands(modelsOptions, argv);
  const values = readOptions(modelsOptions, {
    argv: rest,
    env: process.env,
    command: "models",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const [action = "", ...names] = operands;
  const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (act === undefined) {
    throw new WildfireError("usage", `models ${quote(action)} is nothing to do`, {
      hint: "say wildfire models list, pull or rm",
    });
  }
  return await act(names, values);
}

const actions: Readonly<
  Record<string, (names: readonly string[], values: Values) => Promise<number>>
> = {
  list,
  pull,
  rm: remove,
};

async function list(files: readonly string[], values: Values): Promise<number> {
  const folder = modelFolder(values);
  const stored = await listModels(folder);
  const named = await Promise.all(files.map((path) => inspectStored(path, basename(path))));
  const listing = {
    folder,
    models: [...stored, ...named],
    machine: await thisMachine(),
    all: values.all,
  };
  process.stdout.write(values.json ? listAsJson(listing) : listAsText(listing));
  return named.some(({ info }) => info === undefined) ? 1 : 0;
}

async function pull(names: readonly string[], values: Values): Promise<number> {
  requireNames(names, "pull");
  const wanted = names.map((name) => requireKnownModel(name));
  const sha256 = values.sha256 === undefined ? undefined : checkSha256(values.sha256);
  if (sha256 !== undefined && wanted.length > 1) {
    throw new WildfireError("usage", "--sha256 is for one model", { hint: "pull them one by one" });
  }
  const given = values.mirror ?? process.env["WILDFIRE_MODEL_MIRROR"] ?? "";
  const place = given === "" ? publicModelPlace : checkMirror(given);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    for (const model of wanted) {
      const progress = new PullProgress({
        name: model.name,
        clock: systemClock,
        stream: process.stderr,
      });
      const pulled = await pullModel({
        model,
        folder: modelFolder(values),
        place,
        sha256,
        clock: systemClock,
        signal: stop.signal,
        onProgress: (done, total) => progress.update(done, total),
        onNote: (text) => progress.note(text),
      }).finally(() => progress.clear());
      process.stdout.write(`${describePulled(pulled)}\n`);
    }
    return 0;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

function describePulled({ model, checkedBy, wasThere }: PulledModel): string {
  if (wasThere) {
    return `${model.path} is there already${checkedBy === undefined ? "" : " (SHA-256 right)"}`;
  }
  const checked = checkedBy === undefined ? "SHA-256 not checked" : "SHA-256 right";
  return `${model.path} (${checked})\nuse it: wildfire --service whisper --model ${model.path}`;
}

async function remove(names: readonly string[], values: Values): Promise<number> {
  requireNames(names, "rm");
  const { force } = values;
  const stateFolder = values["state-dir"] ?? currentStateFolder();
  const shelf = new ModelShelf({
    folder: resolve(modelFolder(values)),
    machine: thisMachine,
    running: async () => (force ? [] : await modelsInUse(stateFolder, builtInName)),
    chosen: async () => (force ? undefined : await chosenModel()),
  });
  for (const name of names) process.stdout.write(`removed ${await shelf.remove(name)}\n`);
  return 0;
}

/** Path that the configuration names, whether whisper runs or not. */
async function chosenModel(): Promise<string | undefined> {
  const path = (await loadCurrentConfig(undefined))?.sections["whisper"]?.["model"];
  return typeof path === "string" && path !== "" ? resolve(path) : undefined;
}

function requireNames(names: readonly string[], action: string): void {
  if (names.length > 0) return;
  throw new WildfireError("usage", `which model? wildfire models ${action} NAME`, {
    hint: "see wildfire models list --all",
  });
}

function modelFolder(values: Values): string {
  return (
    values["models-dir"] ??
    defaultModelFolder({
      env: process.env,
      home: homedir(),
      userId: process.getuid?.() ?? 0,
      temporaryFolder: tmpdir(),
    })
  );
}

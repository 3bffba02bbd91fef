/** The models of this machine as one list: those on disk, the built-in one, and what each is used for. */
import { rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { type KnownModel, knownModels, modelFileOf } from "./known-models.ts";
import { judgeModel, type MachineFacts, type MachineVerdict } from "./machine-verdict.ts";
import {
  freeBytes,
  inspectStored,
  isModelFile,
  listModels,
  partialName,
  type StoredModel,
} from "./model-folder.ts";
import { factsOf, knownFacts } from "./model-listing.ts";

/** What a model is doing: heard with now, chosen in the configuration, both or neither. */
export interface ModelUse {
  readonly isRunning: boolean;
  readonly isChosen: boolean;
}

/** Name of the model inside the executable, among those of files. */
export const builtInName = "built-in";

export interface HereModel extends ModelUse {
  /** In addresses: the known name, else that of the file, or `built-in`. */
  readonly name: string;
  /** Undefined for the built-in one. */
  readonly path: string | undefined;
  /** It lies in our folder, where it can be removed. */
  readonly isOurs: boolean;
  readonly sizeBytes: number;
  readonly type: string;
  readonly quantisation: string;
  readonly isMultilingual: boolean;
  readonly verdict: MachineVerdict | undefined;
  /** Why it cannot be used; empty when it can. */
  readonly problem: string;
}

export interface ObtainableModel {
  readonly name: string;
  readonly file: string;
  readonly aboutBytes: number;
  readonly quantisation: string;
  readonly isMultilingual: boolean;
  readonly verdict: MachineVerdict;
  /** Of a download that broke off. */
  readonly partialBytes: number;
}

export interface ShelfView {
  readonly folder: string;
  readonly freeBytes: number | undefined;
  readonly machine: MachineFacts;
  readonly here: readonly HereModel[];
  readonly obtainable: readonly ObtainableModel[];
}

export interface ModelShelfOptions {
  readonly folder: string;
  /** Asked once, when the list is wanted first. */
  readonly machine: () => Promise<MachineFacts>;
  /** Paths of the files that running services hear with; `built-in` for that one. */
  readonly running: () => Promise<readonly string[]>;
  /** Path in the configuration; undefined where none is named. */
  readonly chosen: () => Promise<string | undefined>;
}

interface Inspected {
  readonly key: string;
  readonly model: StoredModel;
}

export class ModelShelf {
  readonly #options: ModelShelfOptions;
  /** Their headers are read once. */
  #inspected = new Map<string, Inspected>();
  #machine: Promise<MachineFacts> | undefined;

  constructor(options: ModelShelfOptions) {
    this.#options = options;
  }

  async view(): Promise<ShelfView> {
    const { folder } = this.#options;
    const machine = await (this.#machine ??= this.#options.machine());
    const [running, chosen] = await this.#uses();
    const stored = await this.#stored([...running, chosen ?? ""]);
    const here = [
      builtIn({ isRunning: running.includes(builtInName), isChosen: chosen === undefined }),
      ...stored.map((model) => this.#here(model, machine, { running, chosen })),
    ];
    const obtainable = await Promise.all(
      knownModels
        .filter(({ name }) => here.every((model) => model.name !== name || !model.isOurs))
        .map(async (model) => await obtainableOf(model, folder, machine)),
    );
    return { folder, freeBytes: await freeBytes(folder), machine, here, obtainable };
  }

  /** The file of a model by its name; undefined for the built-in one. Throws a WildfireError("usage"). */
  async pathOf(name: string): Promise<string | undefined> {
    const model = (await this.view()).here.find((one) => one.name === name);
    if (model === undefined || model.problem !== "") {
      const why = model === undefined ? "is not here" : `cannot be used: ${model.problem}`;
      throw new WildfireError("usage", `the model ${quote(name)} ${why}`, {
        hint: "download it first, or choose another",
      });
    }
    return model.path;
  }

  /**
   * Removes the file and what a broken download left; resolves to its path. Rejects with a WildfireError:
   * "state" for one that is in use, "usage" for one that is not here.
   */
  async remove(name: string): Promise<string> {
    const { folder } = this.#options;
    const file = modelFileOf(name);
    if (file !== basename(file) || !isModelFile(file)) {
      throw new WildfireError("usage", `${quote(name)} is no model in ${folder}`, {
        hint: "give a name that the list of models shows",
      });
    }
    const path = join(folder, file);
    const [running, chosen] = await this.#uses();
    if (running.includes(path)) throw inUse(file, "the ears hear with it now");
    if (chosen === path) throw inUse(file, "the configuration names it");
    const partial = join(folder, partialName(file));
    const hadPartial = await Bun.file(partial).exists();
    await removeFile(partial, true);
    await removeFile(path, hadPartial);
    return path;
  }

  async #uses(): Promise<readonly [readonly string[], string | undefined]> {
    return await Promise.all([this.#options.running(), this.#options.chosen()]);
  }

  /** Those in our folder, and those elsewhere that somebody uses. */
  async #stored(used: readonly string[]): Promise<readonly StoredModel[]> {
    const { folder } = this.#options;
    const inFolder = await listModels(folder, (path, file) => this.#inspect(path, file));
    const others = used.filter(
      (path) => path.startsWith("/") && inFolder.every((model) => model.path !== path),
    );
    const elsewhere = [...new Set(others)].map((path) => this.#inspect(path, basename(path)));
    const models = [...inFolder, ...(await Promise.all(elsewhere))];
    const paths = new Set(models.map(({ path }) => path));
    for (const path of this.#inspected.keys()) if (!paths.has(path)) this.#inspected.delete(path);
    return models;
  }

  async #inspect(path: string, file: string): Promise<StoredModel> {
    const key = await stat(path).then(
      ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
      () => "",
    );
    const known = this.#inspected.get(path);
    if (known?.key === key && key !== "") return known.model;
    const model = await inspectStored(path, file);
    this.#inspected.set(path, { key, model });
    return model;
  }

  #here(
    model: StoredModel,
    machine: MachineFacts,
    {
      running,
      chosen,
    }: { readonly running: readonly string[]; readonly chosen: string | undefined },
  ): HereModel {
    const { path, file, sizeBytes, info, problem } = model;
    const isOurs = path === join(this.#options.folder, file);
    const known = isOurs ? knownModels.find((one) => one.file === file) : undefined;
    return {
      name: known?.name ?? file,
      path,
      isOurs,
      sizeBytes,
      type: info?.type ?? "",
      quantisation: info?.quantisation ?? "",
      isMultilingual: info?.multilingual ?? false,
      verdict: info === undefined ? undefined : judgeModel(factsOf(model), machine),
      problem: problem ?? "",
      isRunning: running.includes(path),
      isChosen: chosen === path,
    };
  }
}

/** As it is built; it was taught a few hundred words. */
function builtIn(use: ModelUse): HereModel {
  return {
    name: builtInName,
    path: undefined,
    isOurs: false,
    sizeBytes: 0,
    type: "tiny",
    quantisation: "q8_0",
    isMultilingual: false,
    verdict: undefined,
    problem: "",
    ...use,
  };
}

async function obtainableOf(
  model: KnownModel,
  folder: string,
  machine: MachineFacts,
): Promise<ObtainableModel> {
  const partialBytes = await stat(join(folder, partialName(model.file))).then(
    ({ size }) => size,
    () => 0,
  );
  return {
    name: model.name,
    file: model.file,
    aboutBytes: model.aboutMb * 1e6,
    quantisation: model.weights,
    isMultilingual: !model.isEnglishOnly,
    verdict: judgeModel(knownFacts(model), machine),
    partialBytes,
  };
}

function inUse(file: string, why: string): WildfireError {
  return new WildfireError("state", `${file} is not removed: ${why}`, {
    hint: "choose another model first; wildfire models rm --force removes it all the same",
  });
}

async function removeFile(path: string, mayBeAbsent: boolean): Promise<void> {
  try {
    await rm(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" && mayBeAbsent) return;
    const code = errno === "ENOENT" ? "usage" : "state";
    const message = `${quote(path, 200)} cannot be removed: ${formatErrno(errno)}`;
    throw new WildfireError(code, message, { cause: error, hint: "see which models are here" });
  }
}

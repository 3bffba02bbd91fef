/** The list of models for people and for programs: what is on disk, what can be had, what fits. Pure. */
import { type KnownModel, knownModels, type ModelSize } from "./known-models.ts";
import {
  describeVerdict,
  formatGb,
  judgeModel,
  type MachineFacts,
  type ModelFacts,
} from "./machine-verdict.ts";
import type { StoredModel } from "./model-folder.ts";

export interface ModelListing {
  readonly folder: string;
  readonly models: readonly StoredModel[];
  readonly machine: MachineFacts;
  /** With all that can be had, else with what is usual. */
  readonly all: boolean;
}

/** What most want; the others are variants of these. */
export const usualNames: ReadonlySet<string> = new Set([
  "tiny.en",
  "base.en",
  "base.en-q5_1",
  "small.en",
  "small.en-q5_1",
  "base",
  "small",
  "medium-q5_0",
  "large-v3-turbo-q5_0",
  "large-v3-turbo",
]);

export function listAsText(listing: ModelListing): string {
  const { folder, models, machine } = listing;
  const here =
    models.length === 0
      ? ["  none: get one with wildfire models pull base.en"]
      : align(models.map((model) => storedRow(model, machine)));
  const known = align(obtainable(listing).map((model) => knownRow(model, machine)));
  const cores = machine.cores === 1 ? "1 core" : `${machine.cores} cores`;
  return [
    `Here, in ${folder}:`,
    ...here,
    "",
    `To be had with wildfire models pull NAME${listing.all ? "" : " (--all shows every variant)"}:`,
    ...known,
    "",
    `Speed and memory are estimates for this machine: ${cores}, ${formatGb(machine.memoryBytes)}.`,
    "",
  ].join("\n");
}

export function listAsJson({ folder, models, machine }: ModelListing): string {
  const here = models.map((model) => ({
    path: model.path,
    sizeBytes: model.sizeBytes,
    type: model.info?.type ?? null,
    quantisation: model.info?.quantisation ?? null,
    multilingual: model.info?.multilingual ?? null,
    problem: model.problem ?? null,
    estimate: model.info === undefined ? null : judgeModel(factsOf(model), machine),
  }));
  const known = knownModels.map((model) => ({
    name: model.name,
    file: model.file,
    aboutBytes: model.aboutMb * 1e6,
    isHere: models.some(({ file }) => file === model.file),
    estimate: judgeModel(knownFacts(model), machine),
  }));
  return `${JSON.stringify({ folder, machine, here, known }, null, 2)}\n`;
}

function obtainable({ models, all }: ModelListing): readonly KnownModel[] {
  const here = new Set(models.map(({ file }) => file));
  return knownModels.filter(({ name, file }) => !here.has(file) && (all || usualNames.has(name)));
}

type Row = readonly [name: string, size: string, what: string, verdict: string];

function storedRow(model: StoredModel, machine: MachineFacts): Row {
  const { file, sizeBytes, info, problem } = model;
  if (info === undefined) return [file, formatGb(sizeBytes), "unusable", problem ?? ""];
  const languages = info.multilingual ? "many languages" : "English";
  const verdict = describeVerdict(judgeModel(factsOf(model), machine));
  return [file, formatGb(sizeBytes), `${info.type}, ${info.quantisation}, ${languages}`, verdict];
}

function knownRow(model: KnownModel, machine: MachineFacts): Row {
  const languages = model.isEnglishOnly ? "English" : "many languages";
  const verdict = describeVerdict(judgeModel(knownFacts(model), machine));
  return [model.name, formatGb(model.aboutMb * 1e6), `${model.weights}, ${languages}`, verdict];
}

function align(rows: readonly Row[]): readonly string[] {
  const width = (column: 0 | 1 | 2): number => Math.max(...rows.map((row) => row[column].length));
  const widths = [width(0), width(1), width(2)] as const;
  return rows.map(([name, size, what, verdict]) => {
    const cells = [
      name.padEnd(widths[0]),
      size.padStart(widths[1]),
      what.padEnd(widths[2]),
      verdict,
    ];
    return `  ${cells.join("  ")}`.trimEnd();
  });
}

export function knownFacts({ size, aboutMb }: KnownModel): ModelFacts {
  return { size, sizeBytes: aboutMb * 1e6 };
}

/** Layers of the decoder tell turbo from large. */
export function factsOf({ info, sizeBytes }: StoredModel): ModelFacts {
  if (info === undefined) return { size: "custom", sizeBytes };
  const isTurbo = info.type === "large" && info.textLayers < info.audioLayers;
  const size: ModelSize | "custom" = isTurbo ? "large-turbo" : info.type;
  return { size, sizeBytes };
}

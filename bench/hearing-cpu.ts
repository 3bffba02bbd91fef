/**
 * What a three-second utterance costs the way the whisper service decodes it, at a context that fits,
 * against whisper.cpp's usual way, the whole window of 30 s. Two programs on the same library work in
 * turns; each pair of turns gives one ratio of processor time.
 */
import { join } from "node:path";
import { sourceConditions } from "../scripts/bootstrap/platform.mjs";
import type { Bench, BenchContext } from "./context.ts";
import { LineProcess } from "./line-process.ts";
import { compileC, type ModelName, modelPath, nativeLibraryPath } from "./materials.ts";
import type { MeasureName } from "./registry.ts";
import { longestSentence, writeUtterances } from "./sentences.ts";
import { median, percentile } from "./statistics.ts";
import { takeTurn } from "./turn.ts";

interface Workload {
  readonly model: ModelName;
  readonly pairs: number;
  readonly quickPairs: number;
  /** The short way is taken so often in a turn, so that both turns are about as long. */
  readonly trimmedJobs: number;
}

const workloads: readonly Workload[] = [
  { model: "demo", pairs: 30, quickPairs: 8, trimmedJobs: 6 },
  { model: "base", pairs: 8, quickPairs: 2, trimmedJobs: 2 },
];

const utteranceSeconds = 3;
/** What whisper.cpp takes for the model's whole context. */
const wholeContext = "0";
/** The service's default, and that of whisper.cpp's own programs. */
const beamSize = "5";
const oneByOne = ["1", "1"];

export const hearingCpu: Bench = {
  names: ["hearing.cpu-ratio-3s", "hearing.cpu-ratio-3s.demo", "hearing.cpu-ratio-3s.base"],
  isDisturbedByOthers: true,
  async run(context) {
    const results = new Map<MeasureName, number>();
    for (const workload of workloads) {
      results.set(`hearing.cpu-ratio-3s.${workload.model}`, await compare(workload, context));
    }
    return results.set("hearing.cpu-ratio-3s", Math.max(...results.values()));
  },
};

interface Contenders {
  readonly trimmed: LineProcess;
  readonly whole: LineProcess;
}

async function compare(workload: Workload, context: BenchContext): Promise<number> {
  const { model } = workload;
  const utterance = await longestSentence(utteranceSeconds);
  const utterances = await writeUtterances(context.temporaryFolder, [utterance]);
  const program = await compileC("baseline/baseline.c");
  const worker = join(import.meta.dir, "baseline", "transcription-worker.ts");
  const state = join(context.temporaryFolder, "worker");
  const bun = [process.execPath, ...sourceConditions(), worker, model, state];
  const c = [program, await nativeLibraryPath(), await modelPath(model), wholeContext, beamSize];
  const contenders = {
    trimmed: new LineProcess("the Bun program", [...bun, ...utterances]),
    whole: new LineProcess("the C program", [...c, ...oneByOne, ...utterances]),
  };
  try {
    await contenders.trimmed.read();
    await contenders.whole.read();
    return await takeTurns(contenders, workload, context);
  } finally {
    contenders.trimmed.kill();
    contenders.whole.kill();
  }
}

async function takeTurns(
  contenders: Contenders,
  workload: Workload,
  context: BenchContext,
): Promise<number> {
  const { model, trimmedJobs } = workload;
  const pairs = context.isQuick ? workload.quickPairs : workload.pairs;
  const ratios: number[] = [];
  const texts = new Set<string>();
  // The first pair warms up caches and compilers.
  for (let pair = 0; pair <= pairs; pair += 1) {
    context.progress(`processor time of an utterance, ${model} model: pair ${pair} of ${pairs}`);
    const { ratio, isSameText } = await runPair(contenders, trimmedJobs, pair % 2 === 0);
    if (pair > 0) ratios.push(ratio);
    texts.add(isSameText ? "the same text" : "another text");
  }
  const shown = [percentile(ratios, 0.25), percentile(ratios, 0.75)].map((x) => x.toFixed(3));
  context.note(
    `three seconds, ${model} model: median ${median(ratios).toFixed(4)} of ${pairs} pairs, ` +
      `middle half ${shown.join(" to ")}, ${[...texts].join(" and ")}`,
  );
  return median(ratios);
}

interface Pair {
  readonly ratio: number;
  readonly isSameText: boolean;
}

async function runPair(
  { trimmed, whole }: Contenders,
  jobs: number,
  trimmedFirst: boolean,
): Promise<Pair> {
  const early = trimmedFirst ? await takeTurn(trimmed, jobs) : undefined;
  const full = await takeTurn(whole, 1);
  const short = early ?? (await takeTurn(trimmed, jobs));
  // The digest of several equal texts is a multiple of that of one.
  const expected = (Number(full.digest) * jobs) % 2 ** 32;
  return {
    ratio: short.cpuUs / jobs / full.cpuUs,
    isSameText: Number(short.digest) === expected,
  };
}

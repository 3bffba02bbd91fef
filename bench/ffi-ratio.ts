/**
 * What bun:ffi costs: the recogniser of the whisper service against a C program on the same library.
 * Both stay open and work in turns of under a second, so that what else happens on the machine
 * slows both; each pair of turns gives one ratio of processor time.
 */
import { join } from "node:path";
import type { Bench, BenchContext } from "./context.ts";
import { LineProcess } from "./line-process.ts";
import { compileC, modelPath, nativeLibraryPath, speechFile, type ModelName } from "./materials.ts";
import type { MeasureName } from "./registry.ts";
import { median, percentile } from "./statistics.ts";
import { takeTurn } from "./turn.ts";

interface Workload {
  readonly model: ModelName;
  /** As many as the model's usual utterance needs: the shorter a job, the more turns in a minute. */
  readonly audioContext: number;
  readonly jobsPerTurn: number;
  readonly pairs: number;
  readonly quickPairs: number;
}

const workloads: readonly Workload[] = [
  { model: "demo", audioContext: 512, jobsPerTurn: 2, pairs: 60, quickPairs: 24 },
  { model: "base", audioContext: 512, jobsPerTurn: 1, pairs: 18, quickPairs: 6 },
];

const speechSeconds = 3;
/** The recogniser's default. */
const beamSize = 5;

export const ffiRatio: Bench = {
  names: ["ffi.cpu-ratio", "ffi.cpu-ratio.demo", "ffi.cpu-ratio.base"],
  isDisturbedByOthers: true,
  async run(context) {
    const results = new Map<MeasureName, number>();
    for (const workload of workloads) {
      results.set(`ffi.cpu-ratio.${workload.model}`, await compare(workload, context));
    }
    return results.set("ffi.cpu-ratio", Math.max(...results.values()));
  },
};

async function compare(workload: Workload, context: BenchContext): Promise<number> {
  const { model, audioContext } = workload;
  const program = await compileC("baseline/baseline.c");
  const worker = join(import.meta.dir, "baseline", "recogniser-worker.ts");
  const utterance = await speechFile(speechSeconds);
  const argv = [
    await nativeLibraryPath(),
    await modelPath(model),
    String(audioContext),
    String(beamSize),
  ];
  const oneByOne = ["1", "1"];
  const contenders = {
    bun: new LineProcess("the Bun program", [process.execPath, worker, ...argv, utterance]),
    c: new LineProcess("the C program", [program, ...argv, ...oneByOne, utterance]),
  };
  try {
    await contenders.bun.read();
    await contenders.c.read();
    const ratios = await takeTurns(contenders, workload, context);
    await contenders.bun.close();
    await contenders.c.close();
    return summarise(model, ratios, context);
  } finally {
    contenders.bun.kill();
    contenders.c.kill();
  }
}

interface Contenders {
  readonly bun: LineProcess;
  readonly c: LineProcess;
}

async function takeTurns(
  contenders: Contenders,
  workload: Workload,
  context: BenchContext,
): Promise<number[]> {
  const { model, jobsPerTurn } = workload;
  const pairs = context.isQuick ? workload.quickPairs : workload.pairs;
  const ratios: number[] = [];
  // The first pair warms up caches and compilers.
  for (let pair = 0; pair <= pairs; pair += 1) {
    context.progress(`ffi, ${model} model: pair ${pair} of ${pairs}`);
    const ratio = await runPair(contenders, jobsPerTurn, pair % 2 === 0);
    if (pair > 0) ratios.push(ratio);
  }
  return ratios;
}

async function runPair(contenders: Contenders, jobs: number, bunFirst: boolean): Promise<number> {
  const { bun, c } = contenders;
  const first = await takeTurn(bunFirst ? bun : c, jobs);
  const second = await takeTurn(bunFirst ? c : bun, jobs);
  if (first.digest !== second.digest) {
    throw new Error("the Bun program and the C program decoded different texts");
  }
  return bunFirst ? first.cpuUs / second.cpuUs : second.cpuUs / first.cpuUs;
}

function summarise(model: ModelName, ratios: readonly number[], context: BenchContext): number {
  const shown = [percentile(ratios, 0.25), percentile(ratios, 0.75)].map((x) => x.toFixed(3));
  const value = median(ratios);
  context.note(
    `ffi, ${model} model: median ${value.toFixed(4)} of ${ratios.length} pairs, ` +
      `middle half ${shown.join(" to ")}`,
  );
  return value;
}

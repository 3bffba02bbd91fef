/**
 * How long a lane stays busy after its job was aborted. A job of nothing is queued right behind the
 * abort: the time that it waits is the time until the lane is free, as the native queue measures it.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DecodeRequest, whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import type { Bench, BenchContext } from "./context.ts";
import { loadModel, type ModelUnderTest } from "./loaded-model.ts";
import type { ModelName } from "./materials.ts";
import type { MeasureName } from "./registry.ts";
import { longestSentence } from "./sentences.ts";
import { median, percentile } from "./statistics.ts";
import { Xorshift32 } from "./xorshift.ts";

interface Workload {
  readonly model: ModelName;
  readonly aborts: number;
  readonly quickAborts: number;
}

const workloads: readonly Workload[] = [
  { model: "demo", aborts: 400, quickAborts: 60 },
  { model: "base", aborts: 100, quickAborts: 12 },
];
const utteranceSeconds = 3;
const warmUps = 3;
/** Too short to be decoded. */
const nothing = new Float32Array(whisperSampleRateHz / 20);

export const abortLatency: Bench = {
  names: ["hearing.abort-p99-ms", "hearing.abort-p99-ms.demo", "hearing.abort-p99-ms.base"],
  isDisturbedByOthers: true,
  async run(context) {
    const results = new Map<MeasureName, number>();
    for (const workload of workloads) {
      results.set(`hearing.abort-p99-ms.${workload.model}`, await measure(workload, context));
    }
    return results.set("hearing.abort-p99-ms", Math.max(...results.values()));
  },
};

async function measure(workload: Workload, context: BenchContext): Promise<number> {
  const stateFolder = join(context.temporaryFolder, "abort");
  const model = await loadModel({ model: workload.model, lanes: 1, stateFolder });
  try {
    const request = await makeRequest(model);
    const decodeMs = await usualDecodeMs(model, request);
    return await abortOften({ model, request, decodeMs }, workload, context);
  } finally {
    await model.close();
  }
}

/** A speculative job, which is the kind that is aborted. */
async function makeRequest(model: ModelUnderTest): Promise<DecodeRequest> {
  return {
    ...model.settings,
    samples: await longestSentence(utteranceSeconds),
    audioContext: model.audioContext(utteranceSeconds * 1000),
    urgency: "speculative",
  };
}

async function usualDecodeMs(
  { recogniser }: ModelUnderTest,
  request: DecodeRequest,
): Promise<number> {
  const decodeMs: number[] = [];
  for (let run = 0; run < warmUps; run += 1) {
    decodeMs.push((await recogniser.submit(request).result).decodeMs);
  }
  return median(decodeMs);
}

interface Experiment {
  readonly model: ModelUnderTest;
  readonly request: DecodeRequest;
  readonly decodeMs: number;
}

async function abortOften(
  experiment: Experiment,
  workload: Workload,
  context: BenchContext,
): Promise<number> {
  const { model, aborts, quickAborts } = workload;
  const wanted = context.isQuick ? quickAborts : aborts;
  const random = new Xorshift32(1);
  const latenciesMs: number[] = [];
  for (let tries = 0; latenciesMs.length < wanted && tries < 2 * wanted; tries += 1) {
    context.progress(`aborts, ${model} model: ${latenciesMs.length} of ${wanted}`);
    const latencyMs = await abortOnce(experiment, random.unit() * experiment.decodeMs);
    if (latencyMs !== undefined) latenciesMs.push(latencyMs);
  }
  const p99Ms = percentile(latenciesMs, 0.99);
  context.note(
    `abort to free lane, ${model} model, ${latenciesMs.length} of jobs of ` +
      `${experiment.decodeMs.toFixed(0)} ms: median ${median(latenciesMs).toFixed(1)}, ` +
      `p99 ${p99Ms.toFixed(1)}, worst ${Math.max(...latenciesMs).toFixed(1)} ms`,
  );
  return p99Ms;
}

/** Undefined when the job was done before it could be aborted. */
async function abortOnce(
  { model, request }: Experiment,
  afterMs: number,
): Promise<number | undefined> {
  const { recogniser } = model;
  const job = recogniser.submit(request);
  const isAborted = job.result.then(
    () => false,
    () => true,
  );
  await sleep(afterMs);
  job.abort();
  const next = recogniser.submit({ ...request, samples: nothing, urgency: "final" });
  const { queuedMs } = await next.result;
  return (await isAborted) ? queuedMs : undefined;
}

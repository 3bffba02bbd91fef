/**
 * Work done for eight calls at once, against a C program that decodes the same utterances back to
 * back with a thread on each core. Both stay open and work in turns.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Bench, BenchContext } from "./context.ts";
import type { Call } from "./exchange.ts";
import { numberAt } from "./json-path.ts";
import { LineProcess } from "./line-process.ts";
import { loadModel } from "./loaded-model.ts";
import { compileC, modelPath, nativeLibraryPath } from "./materials.ts";
import type { MeasureName } from "./registry.ts";
import { inTurn, ofLength, sentences, writeUtterances } from "./sentences.ts";
import { onStage, type Stage, within } from "./stage.ts";
import { median, percentile } from "./statistics.ts";
import { takeTurn } from "./turn.ts";

const callCount = 8;
/** Fewer than a call may have waiting, so that it sends them all at once. */
const perCall = 6;
const pairs = { full: 16, quick: 4 } as const;
const utteranceSeconds = 3;
const beamSize = "5";
const connectLimitMs = 5000;
const turnLimitMs = 300_000;

export const eightCalls: Bench = {
  names: [
    "hearing.work-8-calls-inverse",
    "hearing.work-8-calls-inverse.cpu",
    "hearing.work-8-calls-inverse.wall",
  ],
  isDisturbedByOthers: true,
  async run(context) {
    const utterances = (await sentences()).map(({ samples }) =>
      ofLength(samples, utteranceSeconds),
    );
    const baseline = await startBaseline(utterances, context);
    try {
      await baseline.read();
      return await onStage(context, "demo", async (stage) => {
        const callers = new Callers(stage, utterances);
        await callers.connect();
        return await takeTurns({ baseline, callers, stage }, context);
      });
    } finally {
      baseline.kill();
    }
  },
};

async function startBaseline(
  utterances: readonly Float32Array[],
  context: BenchContext,
): Promise<LineProcess> {
  const lanes = availableParallelism();
  return new LineProcess("the C program", [
    await compileC("baseline/baseline.c"),
    await nativeLibraryPath(),
    await modelPath("demo"),
    String(await audioContextOfService(context)),
    beamSize,
    String(lanes),
    // One waits for each that is decoded, so that no lane ever has to.
    String(2 * lanes),
    ...(await writeUtterances(context.temporaryFolder, utterances)),
  ]);
}

async function audioContextOfService(context: BenchContext): Promise<number> {
  const stateFolder = join(context.temporaryFolder, "baseline");
  const model = await loadModel({ model: "demo", lanes: 1, stateFolder });
  const positions = model.audioContext(utteranceSeconds * 1000);
  await model.close();
  return positions;
}

/** Eight calls, each of which says its share of the utterances at once. */
class Callers {
  readonly #stage: Stage;
  readonly #utterances: readonly Float32Array[];
  readonly #calls: Call[] = [];
  #awaited = 0;
  #heard = Promise.withResolvers<void>();

  constructor(stage: Stage, utterances: readonly Float32Array[]) {
    this.#stage = stage;
    this.#utterances = utterances;
  }

  async connect(): Promise<void> {
    for (let count = 0; count < callCount; count += 1) {
      const call = this.#stage.exchange.prepare({ onTranscript: (_, text) => this.#onText(text) });
      this.#calls.push(call);
      call.register();
      await within(connectLimitMs, "connecting a call", call.connected);
    }
  }

  /** Resolves when all that was said has come back as text. */
  async speak(): Promise<void> {
    this.#heard = Promise.withResolvers<void>();
    this.#awaited = callCount * perCall;
    let next = 0;
    for (const call of this.#calls) {
      for (let count = 0; count < perCall; count += 1) {
        call.speak(inTurn(this.#utterances, next));
        next += 1;
      }
    }
    await within(turnLimitMs, "hearing eight calls", this.#heard.promise);
  }

  #onText(text: string): void {
    if (text === "") this.#heard.reject(new Error("whisper heard nothing in a sentence"));
    this.#awaited -= 1;
    if (this.#awaited === 0) this.#heard.resolve();
  }
}

interface Contenders {
  readonly baseline: LineProcess;
  readonly callers: Callers;
  readonly stage: Stage;
}

interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
}

async function takeTurns(
  contenders: Contenders,
  context: BenchContext,
): Promise<ReadonlyMap<MeasureName, number>> {
  const wanted = context.isQuick ? pairs.quick : pairs.full;
  const cpuRatios: number[] = [];
  const wallRatios: number[] = [];
  let jobs = 0;
  // The first pair warms up caches and compilers.
  for (let pair = 0; pair <= wanted; pair += 1) {
    context.progress(`eight calls at once: pair ${pair} of ${wanted}`);
    if (pair === 1) jobs = await decodedSoFar(contenders);
    const { service, program } = await runPair(contenders, pair % 2 === 0);
    if (pair === 0) continue;
    cpuRatios.push(service.cpuMs / program.cpuMs);
    wallRatios.push(service.wallMs / program.wallMs);
  }
  const decoded = (await decodedSoFar(contenders)) - jobs;
  const utterances = wanted * callCount * perCall;
  explain("processor time", cpuRatios, context);
  explain("wall time", wallRatios, context);
  context.note(
    `eight calls: ${utterances} utterances, ${decoded - utterances} of them decoded a second time`,
  );
  const cpu = median(cpuRatios);
  const wall = median(wallRatios);
  return new Map<MeasureName, number>([
    ["hearing.work-8-calls-inverse", Math.max(cpu, wall)],
    ["hearing.work-8-calls-inverse.cpu", cpu],
    ["hearing.work-8-calls-inverse.wall", wall],
  ]);
}

async function decodedSoFar({ stage }: Contenders): Promise<number> {
  return numberAt(await stage.whisper.status(), "recogniser", "completed");
}

async function runPair(
  contenders: Contenders,
  serviceFirst: boolean,
): Promise<{ readonly service: Cost; readonly program: Cost }> {
  const early = serviceFirst ? await runService(contenders) : undefined;
  const { cpuUs, wallMs } = await takeTurn(contenders.baseline, callCount * perCall);
  const service = early ?? (await runService(contenders));
  return { service, program: { cpuMs: cpuUs / 1000, wallMs } };
}

async function runService({ callers, stage }: Contenders): Promise<Cost> {
  const startCpuMs = stage.whisper.cpuMs();
  const startMs = performance.now();
  await callers.speak();
  const wallMs = performance.now() - startMs;
  return { cpuMs: stage.whisper.cpuMs() - startCpuMs, wallMs };
}

function explain(what: string, ratios: readonly number[], context: BenchContext): void {
  const shown = [percentile(ratios, 0.25), percentile(ratios, 0.75)].map((x) => x.toFixed(3));
  context.note(
    `eight calls, ${what} of the service by that of the C program: median ` +
      `${median(ratios).toFixed(4)} of ${ratios.length} pairs, middle half ${shown.join(" to ")}`,
  );
}

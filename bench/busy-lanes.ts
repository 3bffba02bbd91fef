/**
 * Whether registration is heard while whisper decodes as much as it can: every lane is kept at work
 * while calls that nobody has heard of are announced one after another.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../src/core/clock.ts";
import { LoopDelayMonitor } from "../src/core/loop-delay.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import type { Bench, BenchContext } from "./context.ts";
import type { Call } from "./exchange.ts";
import { numberAt } from "./json-path.ts";
import { speech } from "./materials.ts";
import type { MeasureName } from "./registry.ts";
import { onStage, type Stage, within } from "./stage.ts";
import { median, percentile } from "./statistics.ts";
import { Xorshift32 } from "./xorshift.ts";

/** At least so many, and one for each lane: then there are always twice as many utterances as lanes. */
const leastLoadingCalls = 4;
const utterancesAhead = 2;
/** The longest utterance that a legacy inbound peer sends. */
const utteranceSeconds = 3;
const registrations = { full: 600, quick: 300 } as const;
const registrationsPerLook = 30;
/** One after another at uneven intervals, so that no timer of the service keeps step with them. */
const leastPauseMs = 12;
const extraPauseMs = 16;
const answerLimitMs = 5000;
const startLimitMs = 60_000;
/** Looks at which all lanes were at work; just after an utterance one may be between two jobs. */
const leastBusyShare = 0.9;

export const busyLanes: Bench = {
  names: ["register.connect-p99-ms", "event-loop.delay-p99-ms"],
  isDisturbedByOthers: true,
  run: async (context) =>
    await onStage(context, "base", async (stage) => {
      await loadLanes(stage);
      return await measure(stage, context);
    }),
};

async function measure(
  stage: Stage,
  context: BenchContext,
): Promise<ReadonlyMap<MeasureName, number>> {
  const own = new LoopDelayMonitor(systemClock, () => true);
  const latenciesMs = await registerMany(stage, context);
  const ownP99Ms = own.read().p99Ms;
  own.close();
  const status = await stage.whisper.status();
  const connectP99Ms = percentile(latenciesMs, 0.99);
  const delayP99Ms = numberAt(status, "eventLoopDelay", "p99Ms");
  context.note(
    `register to connected: ${latenciesMs.length} calls, median ${median(latenciesMs).toFixed(2)}, ` +
      `p99 ${connectP99Ms.toFixed(1)}, worst ${Math.max(...latenciesMs).toFixed(1)} ms`,
  );
  context.note(
    `event-loop delay: p99 ${delayP99Ms}, worst ${numberAt(status, "eventLoopDelay", "maxMs")} ms; ` +
      `p99 of the bench itself: ${ownP99Ms} ms`,
  );
  return new Map<MeasureName, number>([
    ["register.connect-p99-ms", connectP99Ms],
    ["event-loop.delay-p99-ms", delayP99Ms],
  ]);
}

/** Resolves when all lanes decode; from then on each finished utterance is followed by another. */
async function loadLanes({ whisper, exchange }: Stage): Promise<void> {
  const utterance = (await speech()).slice(0, utteranceSeconds * whisperSampleRateHz);
  const again = (call: Call): void => call.speak(utterance);
  const lanes = numberAt(await whisper.status(), "recogniser", "lanes");
  for (let count = 0; count < Math.max(leastLoadingCalls, lanes); count += 1) {
    const call = exchange.prepare({ onTranscript: again });
    call.register();
    await within(answerLimitMs, "connecting a call", call.connected);
    for (let ahead = 0; ahead < utterancesAhead; ahead += 1) call.speak(utterance);
  }
  const isBusy = async (): Promise<void> => {
    while (!areLanesBusy(await whisper.status())) await sleep(10);
  };
  await within(startLimitMs, "loading all lanes", isBusy());
}

function areLanesBusy(status: unknown): boolean {
  const lanes = numberAt(status, "recogniser", "lanes");
  return numberAt(status, "recogniser", "running") >= lanes;
}

/** Milliseconds from REGISTER to the connection, for each of many calls. */
async function registerMany(stage: Stage, context: BenchContext): Promise<number[]> {
  const wanted = context.isQuick ? registrations.quick : registrations.full;
  const random = new Xorshift32(1);
  const latenciesMs: number[] = [];
  let busyLooks = 0;
  while (latenciesMs.length < wanted) {
    latenciesMs.push(await registerOne(stage));
    await sleep(leastPauseMs + random.unit() * extraPauseMs);
    if (latenciesMs.length % registrationsPerLook !== 0) continue;
    context.progress(`registering with busy lanes: ${latenciesMs.length} of ${wanted}`);
    if (areLanesBusy(await stage.whisper.status())) busyLooks += 1;
  }
  requireBusy(busyLooks / (wanted / registrationsPerLook));
  return latenciesMs;
}

function requireBusy(share: number): void {
  if (share >= leastBusyShare) return;
  throw new Error(`the lanes were busy for ${Math.round(share * 100)} % of the time only`);
}

/** A call that says nothing. */
async function registerOne({ exchange }: Stage): Promise<number> {
  const call = exchange.prepare();
  const sentMs = performance.now();
  call.register();
  const connectedMs = await within(answerLimitMs, "connecting a call", call.connected);
  call.hangUp();
  call.close();
  return connectedMs - sentMs;
}

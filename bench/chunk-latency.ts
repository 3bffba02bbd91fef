/** From an utterance as a legacy inbound sends it, to its text at the LLaMA. */
import { availableParallelism } from "node:os";
import type { Bench, BenchContext } from "./context.ts";
import type { Call } from "./exchange.ts";
import { inTurn, ofLength, sentences } from "./sentences.ts";
import { onStage, type Stage, within } from "./stage.ts";
import { median, percentile } from "./statistics.ts";

const scenes = [
  { name: "one", calls: 1, rounds: 60, quickRounds: 12 },
  { name: "eight", calls: 8, rounds: 20, quickRounds: 4 },
] as const;
/** The longest chunk that a legacy inbound sends. */
const utteranceSeconds = 3;
const connectLimitMs = 5000;
const textLimitMs = 60_000;

export const chunkLatency: Bench = {
  names: ["hearing.chunk-to-text-p50-ms.one", "hearing.chunk-to-text-p50-ms.eight"],
  isDisturbedByOthers: true,
  run: async (context) =>
    await onStage(context, "demo", async (stage) => {
      const one = await measure(stage, scenes[0], context);
      const eight = await measure(stage, scenes[1], context);
      return new Map([
        ["hearing.chunk-to-text-p50-ms.one", one],
        ["hearing.chunk-to-text-p50-ms.eight", eight],
      ]);
    }),
};

async function measure(
  stage: Stage,
  scene: (typeof scenes)[number],
  context: BenchContext,
): Promise<number> {
  const rounds = context.isQuick ? scene.quickRounds : scene.rounds;
  const utterances = (await sentences()).map(({ samples }) => ofLength(samples, utteranceSeconds));
  const calls = await connect(stage, scene.calls);
  const latenciesMs: number[] = [];
  // The first round warms up caches and compilers.
  for (let round = 0; round <= rounds; round += 1) {
    context.progress(`chunk to text, calls: ${scene.name}, round ${round} of ${rounds}`);
    const heard = calls.map((call, index) => {
      const utterance = inTurn(utterances, round + index);
      return speakAndWait(stage, call, { utterance, round });
    });
    const roundMs = await Promise.all(heard);
    if (round > 0) latenciesMs.push(...roundMs);
  }
  for (const call of calls) call.hangUp();
  const p50Ms = median(latenciesMs);
  context.note(
    `chunk of ${utteranceSeconds} s to text, calls: ${scene.name}: median ${p50Ms.toFixed(1)}, ` +
      `p95 ${percentile(latenciesMs, 0.95).toFixed(1)} ms of ${latenciesMs.length}, ` +
      `${availableParallelism()} cores`,
  );
  return p50Ms;
}

async function connect({ exchange }: Stage, count: number): Promise<Call[]> {
  const calls = Array.from({ length: count }, () => exchange.prepare());
  for (const call of calls) {
    call.register();
    await within(connectLimitMs, "connecting a call", call.connected);
  }
  return calls;
}

async function speakAndWait(
  { texts }: Stage,
  call: Call,
  { utterance, round }: { readonly utterance: Float32Array; readonly round: number },
): Promise<number> {
  const sentMs = performance.now();
  call.speak(utterance);
  const text = texts.text(call.callId.text, round);
  return (await within(textLimitMs, "a text", text)).atMs - sentMs;
}

/** How long whisper takes to be ready, and how much memory it has needed after some utterances. */
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import type { Bench, BenchContext } from "./context.ts";
import { type ModelName, speech } from "./materials.ts";
import type { MeasureName } from "./registry.ts";
import { onStage, type Stage, within } from "./stage.ts";
import { median } from "./statistics.ts";

const models: readonly ModelName[] = ["demo", "base"];
const starts = { full: 5, quick: 1 } as const;
const utterances = { full: 20, quick: 8 } as const;
const utteranceSeconds = 3;
const decodeLimitMs = 120_000;

export const startMemory: Bench = {
  names: [
    "start.ready-ms.demo",
    "start.ready-ms.base",
    "memory.peak-mb.demo",
    "memory.peak-mb.base",
  ],
  isDisturbedByOthers: false,
  async run(context) {
    const results = new Map<MeasureName, number>();
    for (const model of models) {
      results.set(`start.ready-ms.${model}`, await measureStart(model, context));
      const count = context.isQuick ? utterances.quick : utterances.full;
      context.progress(`memory with the ${model} model: ${count} utterances`);
      const peakMegabytes = await onStage(context, model, (stage) => measurePeak(stage, count));
      results.set(`memory.peak-mb.${model}`, peakMegabytes);
    }
    return results;
  },
};

/** The first start, which unpacks the library and fills the file cache, does not count. */
async function measureStart(model: ModelName, context: BenchContext): Promise<number> {
  const count = context.isQuick ? starts.quick : starts.full;
  const readyMs: number[] = [];
  for (let start = 0; start <= count; start += 1) {
    context.progress(`start with the ${model} model: ${start} of ${count}`);
    const tookMs = await onStage(context, model, async ({ whisper }) => whisper.readyMs);
    if (start > 0) readyMs.push(tookMs);
  }
  context.note(`start, ${model} model: ${readyMs.map(Math.round).join(", ")} ms`);
  return median(readyMs);
}

async function measurePeak({ whisper, exchange }: Stage, utteranceCount: number): Promise<number> {
  const utterance = (await speech()).slice(0, utteranceSeconds * whisperSampleRateHz);
  const decoded = Promise.withResolvers<void>();
  let left = utteranceCount;
  const call = exchange.prepare({
    onTranscript() {
      left -= 1;
      if (left === 0) decoded.resolve();
    },
  });
  call.register();
  await within(decodeLimitMs, "connecting a call", call.connected);
  for (let count = 0; count < utteranceCount; count += 1) call.speak(utterance);
  await within(decodeLimitMs, `decoding ${utteranceCount} utterances`, decoded.promise);
  return whisper.peakMemoryMegabytes();
}

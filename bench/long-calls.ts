/** Eight calls that talk at once for half an hour, faster than they would be spoken. */
import { join } from "node:path";
import { sourceConditions } from "../scripts/bootstrap/platform.mjs";
import type { Bench, BenchContext } from "./context.ts";
import { numberAt } from "./json-path.ts";
import { LineProcess } from "./line-process.ts";
import type { MeasureName } from "./registry.ts";
import { median } from "./statistics.ts";

const minutes = { full: 30, quick: 3 } as const;
/** Shares of the calls. Before the first fifth is over, caches fill and code is compiled. */
const early = { from: 0.2, to: 0.4 } as const;
const late = { from: 0.8, to: 1 } as const;

export const longCalls: Bench = {
  names: ["hearing.lost-finals", "hearing.memory-growth-ratio"],
  isDisturbedByOthers: false,
  async run(context) {
    const length = context.isQuick ? minutes.quick : minutes.full;
    const worker = new LineProcess("the calls", [
      process.execPath,
      ...sourceConditions(),
      join(import.meta.dir, "long-calls-worker.ts"),
      String(length),
      context.temporaryFolder,
    ]);
    try {
      return await follow(worker, length, context);
    } finally {
      worker.kill();
    }
  },
};

async function follow(
  worker: LineProcess,
  length: number,
  context: BenchContext,
): Promise<ReadonlyMap<MeasureName, number>> {
  const memory: Memory[] = [];
  for (;;) {
    const line = await worker.read();
    const record: unknown = JSON.parse(line);
    if (line.includes('"sentences"')) return summarise(record, memory, context);
    const share = numberAt(record, "share");
    context.progress(`eight calls of ${length} minutes: ${Math.round(100 * share)} %`);
    memory.push({ share, megabytes: numberAt(record, "rssBytes") / 1e6 });
  }
}

interface Memory {
  /** How much of the calls was heard. */
  readonly share: number;
  /** In RAM, with nothing under way. */
  readonly megabytes: number;
}

function summarise(
  record: unknown,
  memory: readonly Memory[],
  context: BenchContext,
): ReadonlyMap<MeasureName, number> {
  const lost = numberAt(record, "lost");
  const doubled = numberAt(record, "doubled");
  const streams = numberAt(record, "open", "streams");
  const jobs = numberAt(record, "open", "jobs");
  if (streams > 0 || jobs > 0) {
    throw new Error(`after the calls ${streams} voice streams and ${jobs} jobs are left`);
  }
  context.note(
    `of ${numberAt(record, "sentences")} sentences ${lost} have no final and ${doubled} more ` +
      `than one, ${numberAt(record, "exact")} have the right text; ` +
      `${numberAt(record, "invented")} texts where nobody spoke`,
  );
  const steps = memory.map(({ megabytes }) => megabytes.toFixed(0)).join(", ");
  context.note(`memory at each twentieth of the way: ${steps} MB`);
  return new Map([
    ["hearing.lost-finals", lost + doubled],
    ["hearing.memory-growth-ratio", medianWithin(late, memory) / medianWithin(early, memory)],
  ]);
}

function medianWithin(
  range: { readonly from: number; readonly to: number },
  memory: readonly Memory[],
): number {
  return median(
    memory
      .filter(({ share }) => share >= range.from && share <= range.to)
      .map(({ megabytes }) => megabytes),
  );
}

/**
 * How much processor time the host of a virtual machine gave to others meanwhile, as Linux counts it: a
 * telephone call that is played in real time has holes then, whoever plays it.
 */
import { readFileSync } from "node:fs";

/** Of all processors since the machine started, in ticks. */
export interface ProcessorTime {
  readonly all: number;
  readonly stolen: number;
}

/** Undefined where the text is no /proc/stat (proc(5)). */
export function parseProcessorTime(text: string): ProcessorTime | undefined {
  const line = /^cpu +([\d ]+)$/m.exec(text)?.[1];
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
  const ticks = line?.split(" ").map(Number).slice(0, 8) ?? [];
  if (ticks.length < 8) return undefined;
  return { all: ticks.reduce((sum, one) => sum + one, 0), stolen: ticks[7] ?? 0 };
}

/** Samples that make up one window. */
const windowSamples = 5;
const sampleEveryMs = 2000;

/** The largest share of the time of all processors that was stolen within ten seconds, 0..1. */
export class WorstTheft {
  readonly #samples: ProcessorTime[] = [];
  #share = 0;

  get share(): number {
    return this.#share;
  }

  add(sample: ProcessorTime): void {
    this.#samples.push(sample);
    if (this.#samples.length > windowSamples + 1) this.#samples.shift();
    const [first] = this.#samples;
    if (first === undefined || this.#samples.length <= windowSamples) return;
    const all = sample.all - first.all;
    if (all > 0) this.#share = Math.max(this.#share, (sample.stolen - first.stolen) / all);
  }
}

/** Looks on until it is stopped; without /proc nothing is known to be stolen. */
export function watchTheft(): { readonly worst: WorstTheft; stop(): void } {
  const worst = new WorstTheft();
  const timer = setInterval(() => {
    const sample = parseProcessorTime(readStatistics());
    if (sample !== undefined) worst.add(sample);
  }, sampleEveryMs);
  return { worst, stop: () => clearInterval(timer) };
}

function readStatistics(): string {
  try {
    return readFileSync("/proc/stat", "utf8");
  } catch {
    return "";
  }
}

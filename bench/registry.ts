/**
 * Every name that the bench can report. Programs compare runs of different versions by these names:
 * one is added here, with its bench in benches.ts, and then keeps its meaning.
 */

export interface Measure {
  /** Lower-case words joined by hyphens, groups by dots. */
  readonly name: string;
  readonly unit: string;
  /** The largest value that passes; null for a measure that only informs. */
  readonly bar: number | null;
}

export const measures = [
  { name: "ffi.cpu-ratio", unit: "ratio", bar: 1.02 },
  { name: "ffi.cpu-ratio.demo", unit: "ratio", bar: null },
  { name: "ffi.cpu-ratio.base", unit: "ratio", bar: null },
  { name: "register.connect-p99-ms", unit: "ms", bar: 20 },
  { name: "event-loop.delay-p99-ms", unit: "ms", bar: 5 },
  { name: "registration.lost", unit: "datagrams", bar: 0 },
  { name: "start.ready-ms.demo", unit: "ms", bar: null },
  { name: "start.ready-ms.base", unit: "ms", bar: null },
  { name: "memory.peak-mb.demo", unit: "MB", bar: null },
  { name: "memory.peak-mb.base", unit: "MB", bar: null },
  { name: "loop.cpu-per-call-percent", unit: "%", bar: null },
] as const satisfies readonly Measure[];

export type MeasureName = (typeof measures)[number]["name"];

/** The measures that a name stands for: itself, and all whose names begin with it and a dot. */
export function selectMeasures(name: string): MeasureName[] {
  return measures
    .map((measure) => measure.name)
    .filter((known) => known === name || known.startsWith(`${name}.`));
}

/** What every bench is given, and what it gives back. */
import type { MeasureName } from "./registry.ts";

export interface BenchContext {
  readonly isQuick: boolean;
  /** Says what is being done, on one line. */
  readonly progress: (text: string) => void;
  /** Keeps a fact that explains a value, for people only. */
  readonly note: (text: string) => void;
  /** A folder of its own for this run, removed at the end; its path is short. */
  readonly temporaryFolder: string;
}

export interface Bench {
  readonly names: readonly MeasureName[];
  /** True where values are about processor time: with other programs at work they say little. */
  readonly isDisturbedByOthers: boolean;
  /** Rejects with CannotRun where the machine lacks what is needed. */
  run(context: BenchContext): Promise<ReadonlyMap<MeasureName, number>>;
}

/** This machine cannot run a bench; the message says why. Its entries are left out. */
export class CannotRun extends Error {
  override readonly name = "CannotRun";
}

/** What pages and routes know of the doctor, and how they have it look. */
import type { CheckResult } from "../doctor/check-runner.ts";
import type { PlannedCheck } from "../doctor/doctor-report.ts";
import type { FindingLevel } from "../doctor/finding.ts";

export interface DoctorState {
  readonly phase: "never" | "running" | "done" | "stopped" | "failed";
  readonly withCall: boolean;
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  /** In the order of a call's way; without a result those that are still looked at. */
  readonly checks: readonly SeenCheck[];
  readonly level: FindingLevel;
  /** How it ended, one sentence. */
  readonly conclusion: string;
  /** There is a support archive of this run. */
  readonly hasArchive: boolean;
}

export interface SeenCheck extends PlannedCheck {
  readonly result: CheckResult | undefined;
}

export interface DoctorDesk {
  /** Of the run that is under way or was the last; asking for it counts as waiting for it. */
  state(): DoctorState;
  /** Returns once it has begun. Rejects with a WildfireError("state") while one is under way. */
  begin(withCall: boolean): Promise<DoctorState>;
  /** Whoever looks at its progress; returns what ends that. */
  watch(): () => void;
  /** Nothing happens when none is under way. */
  stop(): void;
  /** File of the support archive of the last run; undefined when there is none. */
  archive(): string | undefined;
  /** Something looks different; returns what ends telling. */
  onChanged(listener: () => void): () => void;
}

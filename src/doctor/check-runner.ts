/** Runs checks side by side, each with a limit of its own: none hides or delays the others. */
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { type Finding, type FindingLevel, skipped, warning, worstLevel } from "./finding.ts";

export interface Check<Surroundings> {
  /** For programs: `llama`. */
  readonly name: string;
  /** For people: `LLaMA`. */
  readonly title: string;
  readonly limitMs: number;
  /** Costs so much of the processor that others would be measured wrongly beside it. */
  readonly isHeavy: boolean;
  readonly run: (surroundings: Surroundings, signal: AbortSignal) => Promise<readonly Finding[]>;
}

export interface CheckResult {
  readonly name: string;
  readonly title: string;
  readonly level: FindingLevel;
  readonly findings: readonly Finding[];
  readonly tookMs: number;
}

export interface CheckRun<Surroundings> {
  readonly checks: readonly Check<Surroundings>[];
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  /** As soon as it is known. */
  readonly onResult: (result: CheckResult) => void;
  /** Nobody wants to know any more: what runs cleans up, and the rest is skipped. */
  readonly signal?: AbortSignal;
}

/** For a check that was stopped to free what it holds. */
const cleanUpMs = 3000;

/** In the order of `checks`; the heavy ones run behind all others, one after the other. Never rejects. */
export async function runChecks<S>(run: CheckRun<S>): Promise<readonly CheckResult[]> {
  const light = run.checks.filter(({ isHeavy }) => !isHeavy);
  const results = await Promise.all(light.map((check) => runOne(check, run)));
  for (const check of run.checks) if (check.isHeavy) results.push(await runOne(check, run));
  return run.checks.flatMap(({ name }) => results.find((result) => result.name === name) ?? []);
}

async function runOne<S>(check: Check<S>, run: CheckRun<S>): Promise<CheckResult> {
  const { clock, signal } = run;
  const startedMs = clock.nowMs();
  const findings = signal?.aborted === true ? [notLookedAt] : await within(check, run);
  const { name, title } = check;
  const tookMs = Math.round(clock.nowMs() - startedMs);
  const result = { name, title, level: worstLevel(findings), findings, tookMs };
  run.onResult(result);
  return result;
}

const notLookedAt = skipped("not looked at: it was stopped");

async function within<S>(check: Check<S>, run: CheckRun<S>): Promise<readonly Finding[]> {
  const { limitMs } = check;
  const { clock, surroundings, signal } = run;
  const stop = new AbortController();
  const over = Promise.withResolvers<readonly Finding[]>();
  const end = (finding: Finding, delayMs: number) => {
    stop.abort();
    return clock.after(delayMs, () => over.resolve([finding]));
  };
  const tooLate = warning(
    `not known after ${limitMs / 1000} s`,
    "say wildfire doctor again; is the host overloaded?",
  );
  const timers = [clock.after(limitMs, () => void timers.push(end(tooLate, 0)))];
  const onAbort = (): void => void timers.push(end(notLookedAt, cleanUpMs));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([check.run(surroundings, stop.signal), over.promise]);
  } catch (error) {
    return [
      warning(`could not be looked at: ${describeError(error)}`, "mend that, then look again"),
    ];
  } finally {
    signal?.removeEventListener("abort", onAbort);
    for (const timer of timers) timer.cancel();
  }
}

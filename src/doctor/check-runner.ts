/** Runs checks side by side, each with a limit of its own: none hides or delays the others. */
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { type Finding, type FindingLevel, warning, worstLevel } from "./finding.ts";

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
}

/** In the order of `checks`; the heavy ones run behind all others, one after the other. Never rejects. */
export async function runChecks<S>(run: CheckRun<S>): Promise<readonly CheckResult[]> {
  const light = run.checks.filter(({ isHeavy }) => !isHeavy);
  const results = await Promise.all(light.map((check) => runOne(check, run)));
  for (const check of run.checks) if (check.isHeavy) results.push(await runOne(check, run));
  return run.checks.flatMap(({ name }) => results.find((result) => result.name === name) ?? []);
}

async function runOne<S>(check: Check<S>, run: CheckRun<S>): Promise<CheckResult> {
  const { clock, surroundings } = run;
  const startedMs = clock.nowMs();
  const findings = await within(check, surroundings, clock);
  const { name, title } = check;
  const tookMs = Math.round(clock.nowMs() - startedMs);
  const result = { name, title, level: worstLevel(findings), findings, tookMs };
  run.onResult(result);
  return result;
}

async function within<S>(
  check: Check<S>,
  surroundings: S,
  clock: Clock,
): Promise<readonly Finding[]> {
  const { limitMs } = check;
  const stop = new AbortController();
  const late = Promise.withResolvers<readonly Finding[]>();
  const timer = clock.after(limitMs, () => {
    stop.abort();
    late.resolve([
      warning(
        `not known after ${limitMs / 1000} s`,
        "say wildfire doctor again; is the host overloaded?",
      ),
    ]);
  });
  try {
    return await Promise.race([check.run(surroundings, stop.signal), late.promise]);
  } catch (error) {
    return [
      warning(`could not be looked at: ${describeError(error)}`, "mend that, then look again"),
    ];
  } finally {
    timer.cancel();
  }
}

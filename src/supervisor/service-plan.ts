/** What is to run, as the supervisor is told: one plan for each service. */
import { optionName } from "../config/options.ts";

export interface ServicePlan {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** All variables of the service: secrets come this way, and are shown nowhere. */
  readonly env: Readonly<Record<string, string>>;
  /** The section of the configuration that the service reads itself. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Sections of others that it reads as well, by their names; they count from its next start on. */
  readonly alsoReads: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Resident memory above which it is restarted. */
  readonly memoryLimitBytes: number | undefined;
  /** Its log shows private fields, so that of its records crash reports keep the messages only. */
  readonly showsPrivate: boolean;
}

export interface SupervisorPlan {
  readonly services: readonly ServicePlan[];
  /** How long a stop or restart waits for calls to end. */
  readonly drainLimitMs: number;
}

/** Services whose end is the end of calls. */
export const callTakers: ReadonlySet<string> = new Set(["sip", "audiosocket"]);

/** Between the plan by which a service was started and another one. */
export interface PlanDifference {
  /** What it cannot read itself: sections of others by key, `program`, `environment`; for people. */
  readonly outside: readonly string[];
  /** Keys of its own section; whether they come to something else only the service can tell. */
  readonly own: readonly string[];
  /** Variables that hold secrets, with their new values; null for one that is gone. */
  readonly secrets: Readonly<Record<string, string | null>>;
}

export function differenceBetween(running: ServicePlan, wanted: ServicePlan): PlanDifference {
  const secrets: Record<string, string | null> = {};
  const others: string[] = [];
  for (const name of changedKeys(running.env, wanted.env)) {
    if (name.startsWith(secretPrefix)) secrets[name] = wanted.env[name] ?? null;
    else others.push("environment");
  }
  const program = Bun.deepEquals(running.command, wanted.command) ? [] : ["program"];
  const sections = Object.keys({ ...running.alsoReads, ...wanted.alsoReads }).flatMap((section) =>
    changedKeys(running.alsoReads[section] ?? {}, wanted.alsoReads[section] ?? {}).map(
      (key) => `${section}.${optionName(key)}`,
    ),
  );
  return {
    outside: [...new Set([...program, ...others, ...sections])],
    own: changedKeys(running.settings, wanted.settings).map(optionName),
    secrets,
  };
}

const secretPrefix = "WILDFIRE_";

function changedKeys(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly string[] {
  const keys = Object.keys({ ...before, ...after });
  return keys.filter((key) => !Bun.deepEquals(before[key], after[key]));
}

/** What is to run, as the supervisor is told: one plan for each service. */
import { isDeepStrictEqual } from "node:util";

export interface ServicePlan {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** All variables of the service: secrets come this way, and are shown nowhere. */
  readonly env: Readonly<Record<string, string>>;
  /** The section of the configuration that the service reads itself. */
  readonly settings: Readonly<Record<string, unknown>>;
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

/** True when the service must be started again for the new plan to count. */
export function needsRestart(running: ServicePlan, wanted: ServicePlan): boolean {
  const facts = ({ command, env, settings }: ServicePlan): unknown => ({ command, env, settings });
  return !isDeepStrictEqual(facts(running), facts(wanted));
}

/** What all checks look at: found out once, and handed to each. */
import type { Clock } from "../core/clock.ts";
import type { Environment } from "../config/config-effective.ts";
import { createLogger, type Logger } from "../core/log.ts";
import { serviceNames } from "../services/service-names.ts";
import type { Configured } from "./configured.ts";
import { lookAtConfig } from "./configured.ts";
import { lookAtLines, type SeenLine } from "./line-probe.ts";
import { askServices, type ServiceStatus } from "./service-statuses.ts";

export interface Surroundings {
  readonly configured: Configured;
  readonly statuses: readonly ServiceStatus[];
  readonly stateFolder: string;
  readonly env: Environment;
  readonly clock: Clock;
  /** For parts that want one: nobody reads it. */
  readonly log: Logger;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The PBX of each line; asked once for all checks. */
  readonly lines: Promise<readonly SeenLine[]>;
}

export interface SurroundingsOptions {
  readonly configPath: string;
  readonly stateFolder: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
}

const names = [...new Set<string>([...serviceNames, "web", "supervisor"])];

export async function openSurroundings(options: SurroundingsOptions): Promise<Surroundings> {
  const { configPath, stateFolder, env, clock, randomBytes } = options;
  const [configured, statuses] = await Promise.all([
    lookAtConfig(configPath, env),
    askServices(stateFolder, names, clock),
  ]);
  const log = createLogger({ level: "error", clock, sink: () => undefined });
  const lines = lookAtLines({ config: configured.effective, clock, randomBytes });
  return { configured, statuses, stateFolder, env, clock, log, randomBytes, lines };
}

/** What every `--service NAME` is made of. */
import type { OptionTable, OptionValues } from "../config/options.ts";
import type { Clock } from "../core/clock.ts";
import type { LogFields, Logger } from "../core/log.ts";
import type { EventSource } from "./event-stream.ts";
import type { CommandHandler } from "./status-socket.ts";

/** Options that every service has besides its own. */
export const commonOptions = {
  "state-dir": {
    kind: "string",
    value: "DIR",
    help: "folder for the unpacked library and the status socket",
  },
  config: { kind: "string", value: "FILE", help: "configuration file (TOML)" },
  "log-format": {
    kind: "string",
    value: "FORMAT",
    choices: ["text", "json"],
    default: "text",
    help: "log lines for people (text) or for programs (json)",
  },
  "log-private": { kind: "boolean", help: "show private fields, such as transcripts, in the log" },
  verbose: { kind: "boolean", short: "v", help: "log each datagram and each step" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

export type CommonTable = OptionTable & typeof commonOptions;
export type CommonValues = OptionValues<typeof commonOptions>;

export interface ServiceContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Not yet made; the service makes what it needs in it. */
  readonly stateFolder: string;
  /** Standard output: results for people and scripts, one line each; logs go to standard error. */
  readonly print: (line: string) => void;
}

export interface RunningService<T extends CommonTable = CommonTable> {
  /** What the line "… is ready" tells, which is logged when the status socket answers. */
  readonly ready: LogFields;
  /** All that is known about the service, for `status` and SIGUSR1; no private data. */
  status(): Record<string, unknown>;
  /** Stops in order and frees everything; bounded in time. */
  stop(): Promise<void>;
  /** For `wildfire events`. */
  readonly events?: EventSource;
  /** For commands such as `wildfire call`. */
  readonly command?: CommandHandler;
  /**
   * Takes those values that count without a restart, by the table in config/config-plan.ts; no other has
   * changed. Also called when none has: what stands in files may be another. Returns what else it took, for
   * people. Rejects with a WildfireError and goes on as before when it cannot take them.
   */
  reload?(values: OptionValues<T>): Promise<readonly string[]>;
  /** Resolves to an exit code when the service has nothing more to do; never for most services. */
  readonly finished: Promise<number>;
}

export interface ServiceDefinition<T extends CommonTable> {
  readonly name: string;
  /** One line for the list of services. */
  readonly summary: string;
  /** A command line to copy. */
  readonly example: string;
  /** The service's own options and the common ones. */
  readonly options: T;
  start(values: OptionValues<T>, context: ServiceContext): Promise<RunningService<T>>;
}

/** `finished` of a service that runs until it is stopped. */
export const runsUntilStopped: Promise<number> = new Promise(() => undefined);

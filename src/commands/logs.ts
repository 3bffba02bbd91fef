/** `wildfire logs`: shows the common log of all services, and goes on with it. */
import colors from "picocolors";
import {
  formatOptions,
  type OptionTable,
  type OptionValues,
  readOptions,
} from "../config/options.ts";
import { defaultConfigFile } from "../config/paths.ts";
import { BoundedQueue } from "../core/bounded-queue.ts";
import { systemClock } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import { type LogLevel, logLevels } from "../core/log.ts";
import { loadCurrentConfig } from "../services/config-file.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import { planLogs } from "../supervisor/configured-plan.ts";
import { LogTail } from "../supervisor/log-tail.ts";
import { type LogFilter, matchesFilter } from "../supervisor/log-filter.ts";
import {
  formatRecordText,
  parseRecordLine,
  type ServiceRecord,
} from "../supervisor/service-record.ts";
import { CommandOutput } from "./command-output.ts";

const options = {
  follow: { kind: "boolean", short: "f", help: "go on with what is added" },
  service: { kind: "string", value: "NAME", help: "only of this service; supervisor is one too" },
  call: { kind: "string", value: "ID", help: "only of this call: its id or its key" },
  level: {
    kind: "string",
    value: "LEVEL",
    choices: logLevels,
    default: "info",
    help: "only this level and worse",
  },
  lines: {
    kind: "integer",
    value: "N",
    min: 0,
    max: 100_000,
    help: "only the last N; all where it is not given, and 20 with --follow",
  },
  json: { kind: "boolean", help: "each record as it is kept, a JSON object on a line" },
  config: { kind: "string", value: "FILE", help: `configuration file (${defaultConfigFile})` },
  "state-dir": { kind: "string", value: "DIR", help: "state folder of the services" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

type Values = OptionValues<typeof options>;

const help = `Shows what the services logged, oldest first.

Usage: wildfire logs [options]
Example: wildfire logs --follow --service sip --level warn

${formatOptions(options)}
`;

const followPollMs = 250;
const followedLines = 20;
/** Output that may wait for a slow reader before no more is read. */
const maxPendingCharacters = 256 * 1024;

export async function logs(argv: readonly string[]): Promise<number> {
  const values = readOptions(options, {
    argv,
    env: process.env,
    command: "logs",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const folder = await logFolder(values);
  const reader = new LogReader(folder, values);
  const isRead = await reader.readOn();
  if (!isRead && !values.follow) {
    throw new WildfireError("state", `no log is kept in ${folder}`, {
      hint: "start the services with wildfire up, or name their folder with --state-dir",
    });
  }
  if (values.follow) await reader.follow();
  await reader.close();
  return 0;
}

async function logFolder({ config, "state-dir": given }: Values): Promise<string> {
  const stateFolder = given ?? currentStateFolder();
  const file = await loadCurrentConfig(config);
  return planLogs({ file, env: process.env, stateFolder }).folder;
}

class LogReader {
  readonly #tail: LogTail;
  readonly #output = new CommandOutput(process.stdout);
  readonly #filter: LogFilter;
  readonly #isJson: boolean;
  /** The last lines so far, while it is not known whether more come. */
  #last: BoundedQueue<string> | undefined;
  #hasRead = false;
  #isGone = false;

  constructor(folder: string, values: Values) {
    const { service, call, level, json, follow } = values;
    const lines = values.lines ?? (follow ? followedLines : undefined);
    this.#tail = new LogTail(folder, (line) => this.#line(line));
    this.#filter = { service, call, level: levelNamed(level) };
    this.#isJson = json;
    this.#last = lines === undefined ? undefined : new BoundedQueue(lines);
    void this.#output.gone.catch(() => undefined).then(() => (this.#isGone = true));
  }

  /** False when no log is there. */
  async readOn(): Promise<boolean> {
    await this.#tail.readOn(() => this.#breathe());
    const last = this.#last;
    this.#last = undefined;
    for (let line = last?.shift(); line !== undefined; line = last?.shift()) this.#write(line);
    return this.#hasRead;
  }

  /** Until it is stopped, or nobody reads any more. */
  async follow(): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stopped.resolve());
    const over = Promise.race([stopped.promise, this.#output.gone]).then(() => true);
    for (;;) {
      const isOver = await Promise.race([over, pause()]);
      if (isOver) return;
      await this.#tail.readOn(() => this.#breathe());
    }
  }

  async close(): Promise<void> {
    await this.#tail.close();
    if (!this.#isGone) await Promise.race([this.#output.flushed(), this.#output.gone]);
  }

  #line(line: string): void {
    this.#hasRead = true;
    const record = parseRecordLine(line);
    if (record === undefined || !matchesFilter(record, this.#filter)) return;
    const shown = this.#isJson ? line : paint(record);
    if (this.#last === undefined) this.#write(shown);
    else if (this.#last.limit > 0) this.#last.push(shown);
  }

  #write(line: string): void {
    if (!this.#isGone) this.#output.write(`${line}\n`);
  }

  async #breathe(): Promise<void> {
    if (this.#isGone || this.#output.pendingCharacters <= maxPendingCharacters) return;
    await Promise.race([this.#output.flushed(), this.#output.gone]);
  }
}

/** One of the choices of the option. */
function levelNamed(name: string): LogLevel {
  return logLevels.find((level) => level === name) ?? "info";
}

function pause(): Promise<false> {
  return new Promise((resolve) => {
    systemClock.after(followPollMs, () => resolve(false));
  });
}

function paint(record: ServiceRecord): string {
  const text = formatRecordText(record);
  const dated = `${new Date(record.wallMs).toISOString().slice(0, 10)} ${text}`;
  if (record.level === "error") return colors.red(dated);
  return record.level === "warn" ? colors.yellow(dated) : dated;
}

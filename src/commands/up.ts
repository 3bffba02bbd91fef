/** `wildfire up`: runs the configured services, watches them, and stops them in order. */
import colors from "picocolors";
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { defaultConfigFile } from "../config/paths.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import { formatRecordText, type ServiceRecord } from "../supervisor/service-record.ts";
import { supervisorName } from "../supervisor/sole-supervisor.ts";
import type { Crash, SupervisedChildStatus } from "../supervisor/supervised-child.ts";
import { type ApplianceScreen, runAppliance } from "./appliance.ts";
import { CommandOutput } from "./command-output.ts";

const options = {
  config: { kind: "string", value: "FILE", help: `configuration file (${defaultConfigFile})` },
  only: { kind: "list", value: "NAME", help: "run only these services; repeat it for more" },
  "state-dir": { kind: "string", value: "DIR", help: "folder for sockets, logs and reports" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Runs the configured services until it is stopped, and starts again what fails.

Usage: wildfire up [options]
Example: wildfire up --config /etc/wildfire/wildfire.toml --only whisper --only llama

${formatOptions(options)}

SIGHUP reads the configuration again. SIGTERM or Ctrl+C stops in order, a second time at once.
`;

/** Output that may wait for a terminal that stands still; beyond, lines are left out. */
const maxPendingCharacters = 256 * 1024;

/** Resolves to the exit code when everything has stopped. */
export async function up(argv: readonly string[]): Promise<number> {
  const values = readOptions(options, {
    argv,
    env: process.env,
    command: "up",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  return await runAppliance({
    config: values.config,
    stateFolder: values["state-dir"] ?? currentStateFolder(),
    only: values.only.flatMap((names) => names.split(",")),
    screen: new Screen(),
  });
}

/** What people see: a line for each service that gets ready, and on a terminal the log. */
class Screen implements ApplianceScreen {
  readonly #out = new CommandOutput(process.stdout);
  readonly #err = new CommandOutput(process.stderr);
  readonly #showsAll = process.stderr.isTTY;
  #leftOut = 0;

  record(record: ServiceRecord): void {
    // Without a terminal somebody else keeps what we write, and the services' log is kept already.
    const isOwn = record.service === supervisorName;
    if (record.level === "debug" || !(this.#showsAll || isOwn)) return;
    if (this.#err.pendingCharacters > maxPendingCharacters) {
      this.#leftOut += 1;
      return;
    }
    if (this.#leftOut > 0) {
      this.#err.write(`(${this.#leftOut} lines left out)\n`);
      this.#leftOut = 0;
    }
    this.#err.write(`${paint(record)}\n`);
  }

  changed({ name, state, pid }: SupervisedChildStatus): void {
    if (state === "ready") this.#line(`${colors.green("✓")} ${name} is ready (process ${pid})`);
  }

  crashed({ service, reason, restartInMs }: Crash): void {
    if (restartInMs === undefined) this.#line(`${colors.red("✗")} ${service} is ${reason}`);
  }

  #line(text: string): void {
    if (this.#out.pendingCharacters <= maxPendingCharacters) this.#out.write(`${text}\n`);
  }
}

function paint(record: ServiceRecord): string {
  const text = formatRecordText(record);
  if (record.level === "error") return colors.red(text);
  return record.level === "warn" ? colors.yellow(text) : colors.dim(text);
}

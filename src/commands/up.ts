/** `wildfire up`: runs the configured services, watches them, and stops them in order. */
import { isatty } from "node:tty";
import colors from "picocolors";
import { type ConfigFile, loadConfigFile } from "../config/load.ts";
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { defaultConfigFile } from "../config/paths.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import { planLogs, planServices } from "../supervisor/configured-plan.ts";
import { loadServiceEnvironments } from "../supervisor/service-environments.ts";
import { ServiceManager } from "../supervisor/service-manager.ts";
import type { SupervisorPlan } from "../supervisor/service-plan.ts";
import { formatRecordText, type ServiceRecord } from "../supervisor/service-record.ts";
import { supervisorName } from "../supervisor/sole-supervisor.ts";
import type { Crash, SupervisedChildStatus } from "../supervisor/supervised-child.ts";
import { SupervisorProcess } from "../supervisor/supervisor-process.ts";
import { systemHost } from "../supervisor/system-host.ts";
import { CommandOutput } from "./command-output.ts";
import { selfCommand } from "./self.ts";

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

const forcedExitCode = 130;
/** systemd waits 90 s at most; a model that takes longer to load must not look like a failure. */
const readyLimitMs = 60_000;
/** Output that may wait for a terminal that stands still; beyond, lines are left out. */
const maxPendingCharacters = 256 * 1024;

/** Resolves to the exit code when everything has stopped. */
export async function up(argv: readonly string[]): Promise<number> {
  const values = readOptions(options, {
    argv,
    env: process.env,
    command: "up",
    file: {},
    fileName: "",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { config } = values;
  const stateFolder = values["state-dir"] ?? currentStateFolder();
  const self = selfCommand();
  const only = values.only.flatMap((names) => names.split(","));
  const { env } = process;
  const makePlan = async (file: ConfigFile | undefined): Promise<SupervisorPlan> => {
    const { environmentOf, problems } = await loadServiceEnvironments(file, env);
    for (const problem of problems) say(problem);
    return planServices({ file, env, stateFolder, self, environmentOf, only });
  };
  const file = await findConfig(config);
  const screen = new Screen();
  const clock = systemClock;
  const running = await SupervisorProcess.open({
    plan: await makePlan(file),
    logs: planLogs({ file, env, stateFolder }),
    stateFolder,
    host: systemHost(stateFolder, clock),
    clock,
    readPlan: async () => await makePlan(await findConfig(config)),
    onRecord: (record) => screen.record(record),
    onChange: (status) => screen.changed(status),
    onCrash: (crash) => screen.crashed(crash),
  });
  return await runUntilStopped(running, clock);
}

/** The file that was named, the usual one where there is one, or none. */
async function findConfig(given: string | undefined): Promise<ConfigFile | undefined> {
  const path = given ?? process.env["WILDFIRE_CONFIG"] ?? "";
  if (path !== "") return await loadConfigFile(path);
  const isThere = await Bun.file(defaultConfigFile).exists();
  return isThere ? await loadConfigFile(defaultConfigFile) : undefined;
}

async function runUntilStopped(running: SupervisorProcess, clock: Clock): Promise<number> {
  const { supervisor, log } = running;
  const manager = new ServiceManager({
    env: process.env,
    program: Bun.which("systemd-notify") ?? undefined,
    pid: process.pid,
    clock,
    log,
  });
  surviveProgrammingErrors(running);
  const stopped = stopSignal(running);
  running.start();
  const limit = clock.after(readyLimitMs, () => manager.ready());
  void supervisor.settled.then(() => {
    limit.cancel();
    manager.ready();
  });
  await stopped;
  limit.cancel();
  await Promise.all([manager.stopping(), running.stop()]);
  return 0;
}

/** A mistake in the supervisor must not end the services. */
function surviveProgrammingErrors({ log }: SupervisorProcess): void {
  const report = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error("unexpected error, please report it", { reason: describeError(error), stack });
  };
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
}

/** Resolves on the first SIGTERM or SIGINT, and when the terminal is closed; a second signal kills. */
function stopSignal(running: SupervisorProcess): Promise<void> {
  const { supervisor, log } = running;
  const hadTerminal = isatty(2);
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (signal: string): void => {
      if (isStopping) {
        supervisor.kill();
        process.exit(forcedExitCode);
      }
      isStopping = true;
      log.info("stopping", { signal });
      const calls = supervisor.services().reduce((sum, one) => sum + one.calls, 0);
      if (calls > 0) say(`waiting for calls to end; the same signal again ends them at once`);
      resolve();
    };
    process.on("SIGTERM", () => stop("SIGTERM"));
    process.on("SIGINT", () => stop("SIGINT"));
    process.on("SIGHUP", () => {
      // Of the same name, but no wish to go on: the terminal is gone.
      if (hadTerminal && !isatty(2)) stop("SIGHUP");
      else void running.reload().catch(() => undefined);
    });
  });
}

function say(text: string): void {
  process.stderr.write(`wildfire: ${text}\n`);
}

/** What people see: a line for each service that gets ready, and on a terminal the log. */
class Screen {
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

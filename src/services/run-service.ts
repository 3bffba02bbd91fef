/** Runs one service as a process: options, log, signals, status socket, exit code. */
import type { ConfigFile } from "../config/load.ts";
import { formatOptions, type OptionValues, readOptions } from "../config/options.ts";
import { defaultConfigFile } from "../config/paths.ts";
import { systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { createLogger, formatJson, formatText, type Logger } from "../core/log.ts";
import { supervisedVariable, supervisorEnd } from "../supervisor/supervisor-pipe.ts";
import { versionInfo } from "../version.ts";
import {
  type CommonTable,
  type CommonValues,
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
import { type CommandFields, unknownCommand } from "./command-fields.ts";
import { loadCurrentConfig } from "./config-file.ts";
import { type ReloadAnswer, ServiceReload } from "./service-reload.ts";
import { currentStateFolder } from "./state-folder.ts";
import { type CommandHandler, type StatusSocket, serveStatus } from "./status-socket.ts";

/** A service that does not stop by then is ended, so that a restart never waits for ever. */
const stopLimitMs = 15_000;
const forcedExitCode = 130;
/** The next supervisor needs our ports. */
const orphanLimitMs = 800;

/** Resolves to the exit code. Throws a WildfireError for bad options and failures at start. */
export async function runService<T extends CommonTable>(
  definition: ServiceDefinition<T>,
  argv: readonly string[],
): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(serviceHelp(definition));
    return 0;
  }
  const values = await readValues(definition, argv);
  const common = commonOf(values);
  const wanted: LogWishes = { verbose: common.verbose, "log-private": common["log-private"] };
  const context: ServiceContext = {
    clock: systemClock,
    log: createServiceLog(definition.name, common["log-format"], wanted),
    stateFolder: common["state-dir"] ?? currentStateFolder(),
    print: (line) => process.stdout.write(`${line}\n`),
  };
  surviveProgrammingErrors(context.log);
  let service: RunningService<T> | undefined;
  const describe = (): Record<string, unknown> => ({
    service: definition.name,
    ...versionInfo(),
    pid: process.pid,
    uptimeS: Math.round(process.uptime()),
    ...(service?.status() ?? { state: "starting" }),
  });
  // From the start on: without a handler the signal would end a service that is loading its model.
  process.on("SIGUSR1", () => context.print(JSON.stringify(describe())));
  const stopped = Promise.race([stopSignal(context.log), orphaned(context)]);
  const started = definition.start(values, context);
  const early = await Promise.race([started.then(() => undefined), stopped]);
  // Stopped before it was up: there is nothing to finish.
  if (early !== undefined) return early;
  const running = await started;
  service = running;
  const reload = new ServiceReload({
    service: definition.name,
    values,
    read: () => readValues(definition, argv),
    async take(next) {
      const changed = (await running.reload?.(next)) ?? [];
      const { verbose, "log-private": isPrivate } = commonOf(next);
      Object.assign(wanted, { verbose, "log-private": isPrivate });
      return changed;
    },
    env: process.env,
  });
  const command = commandsOf(running, context.log, reload);
  const run = { name: definition.name, context, describe, stopped, command };
  return await runUntilStopped(running, run);
}

/** Throws a WildfireError for a file or for options that are wrong. */
async function readValues<T extends CommonTable>(
  { name, options }: ServiceDefinition<T>,
  argv: readonly string[],
): Promise<OptionValues<T>> {
  const file = await readConfig(argv);
  return readOptions(options, {
    argv,
    env: process.env,
    command: name,
    file: file?.sections[name] ?? {},
    fileName: `${file?.path ?? ""} [${name}]`,
  });
}

function commonOf<T extends CommonTable>(values: OptionValues<T>): CommonValues {
  return values;
}

/** What every service can be told, and what is its own. */
function commandsOf<T extends CommonTable>(
  service: RunningService<T>,
  log: Logger,
  reload: { reload(fields: CommandFields): Promise<ReloadAnswer> },
): CommandHandler {
  return async (name, fields) => {
    if (name === "reload") {
      const answer = await reload.reload(fields);
      const [changed, restart] = [answer.changed.join(" "), answer.restart.join(" ")];
      if (changed + restart !== "") log.info("configuration read again", { changed, restart });
      return { ...answer };
    }
    if (service.command === undefined) throw unknownCommand(name, ["reload"]);
    return await service.command(name, fields);
  };
}

interface Run {
  readonly name: string;
  readonly context: ServiceContext;
  readonly describe: () => Record<string, unknown>;
  /** Resolves to the exit code when a signal asks for the end. */
  readonly stopped: Promise<number>;
  readonly command: CommandHandler;
}

function serviceHelp<T extends CommonTable>(definition: ServiceDefinition<T>): string {
  return [
    definition.summary,
    "",
    `Usage: wildfire --service ${definition.name} [options]`,
    `Example: ${definition.example}`,
    "",
    formatOptions(definition.options),
    "",
    `Each option can also be set as WILDFIRE_${definition.name.toUpperCase()}_… or WILDFIRE_… in the`,
    `environment, or under [${definition.name}] in ${defaultConfigFile}.`,
    "",
  ].join("\n");
}

async function readConfig(argv: readonly string[]): Promise<ConfigFile | undefined> {
  const at = argv.findIndex(
    (argument) => argument === "--config" || argument.startsWith("--config="),
  );
  const argument = argv[at];
  const given =
    argument?.includes("=") === true ? argument.slice("--config=".length) : argv[at + 1];
  return await loadCurrentConfig(at < 0 ? undefined : given);
}

/** What of the log may change while the service runs. */
type LogWishes = { -readonly [Name in "verbose" | "log-private"]: boolean };

function createServiceLog(service: string, logFormat: string, wanted: LogWishes): Logger {
  const format = logFormat === "json" ? formatJson : formatText;
  const base = createLogger({
    level: () => (wanted.verbose ? "debug" : "info"),
    clock: systemClock,
    sink(record) {
      const line = format(record, { showPrivate: wanted["log-private"] });
      process.stderr.write(`${line}\n`);
    },
  });
  return base.child({ service });
}

/** One call's bug must not end the other calls; it is logged as what it is. */
function surviveProgrammingErrors(log: Logger): void {
  const report = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error("unexpected error, please report it", { reason: describeError(error), stack });
  };
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
  process.stdout.on("error", () => undefined);
  // Whoever read the log is gone: saying so there would never end.
  process.stderr.on("error", () => undefined);
}

type AnyService = Pick<RunningService, "ready" | "events" | "finished" | "stop">;

async function runUntilStopped(service: AnyService, run: Run): Promise<number> {
  const { context } = run;
  const socket = openStatusSocket(run, service);
  // Whoever reads this line may ask and order at once.
  context.log.info(`${run.name} is ready`, service.ready);
  const exitCode = await Promise.race([service.finished, run.stopped]);
  await stopWithin(service, context);
  socket?.close();
  return exitCode;
}

function openStatusSocket(run: Run, { events }: AnyService): StatusSocket | undefined {
  const { name, context, describe, command } = run;
  try {
    const { stateFolder } = context;
    return serveStatus({ stateFolder, service: name, describe, events, command });
  } catch (error) {
    context.log.warn("no status socket: `wildfire status` will not find this service", {
      reason: describeError(error),
    });
    return undefined;
  }
}

/** Resolves on the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(log: Logger): Promise<number> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (signal: string): void => {
      if (isStopping) process.exit(forcedExitCode);
      isStopping = true;
      log.info("stopping", { signal });
      resolve(0);
    };
    process.on("SIGTERM", () => stop("SIGTERM"));
    process.on("SIGINT", () => stop("SIGINT"));
  });
}

/** Resolves to the exit code when the supervisor that started us is gone; never without one. */
async function orphaned({ clock, log }: ServiceContext): Promise<number> {
  if (process.env[supervisedVariable] !== "1") return await runsUntilStopped;
  await supervisorEnd();
  log.warn("the supervisor is gone, stopping");
  clock.after(orphanLimitMs, () => process.exit(1));
  return 1;
}

async function stopWithin(service: AnyService, context: ServiceContext): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = context.clock.after(stopLimitMs, () => {
    context.log.error("the service does not stop in time, ending it");
    late.resolve();
  });
  await Promise.race([service.stop(), late.promise]);
  timer.cancel();
}

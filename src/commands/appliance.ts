/** All configured services in one terminal or unit, watched and stopped in order: what several commands start. */
import { resolve as absolutePath } from "node:path";
import { isatty } from "node:tty";
import type { ConfigFile } from "../config/load.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { currentConfigPath, loadCurrentConfig } from "../services/config-file.ts";
import { planLogs, planServices } from "../supervisor/configured-plan.ts";
import { loadServiceEnvironments } from "../supervisor/service-environments.ts";
import { ServiceManager } from "../supervisor/service-manager.ts";
import type { SupervisorPlan } from "../supervisor/service-plan.ts";
import type { ServiceRecord } from "../supervisor/service-record.ts";
import type { Crash, SupervisedChildStatus } from "../supervisor/supervised-child.ts";
import { SupervisorProcess } from "../supervisor/supervisor-process.ts";
import { systemHost } from "../supervisor/system-host.ts";
import { selfCommand } from "./self.ts";

const forcedExitCode = 130;
/** systemd waits 90 s at most; a model that takes longer to load must not look like a failure. */
const readyLimitMs = 60_000;

/** Who shows people what happens; must not wait. */
export interface ApplianceScreen {
  record(record: ServiceRecord): void;
  changed(status: SupervisedChildStatus): void;
  crashed(crash: Crash): void;
}

export interface ApplianceOptions {
  readonly config: string | undefined;
  readonly stateFolder: string;
  /** Services in place of the configured ones. */
  readonly only: readonly string[];
  readonly screen: ApplianceScreen;
  /** Told once, when each service is ready or has failed. */
  readonly onSettled?: () => void;
  /** Ends it as a first SIGTERM does. */
  readonly end?: AbortSignal;
}

/** All services until a signal stops them; resolves to the exit code. */
export async function runAppliance(options: ApplianceOptions): Promise<number> {
  const { config, stateFolder, only, screen, onSettled } = options;
  const self = selfCommand();
  const { env } = process;
  const makePlan = async (file: ConfigFile | undefined): Promise<SupervisorPlan> => {
    const { environmentOf, problems } = await loadServiceEnvironments(file, env);
    for (const problem of problems) say(problem);
    return planServices({ file, env, stateFolder, self, environmentOf, only });
  };
  const file = await loadCurrentConfig(config);
  const clock = systemClock;
  const running = await SupervisorProcess.open({
    plan: await makePlan(file),
    logs: planLogs({ file, env, stateFolder }),
    configPath: absolutePath(currentConfigPath(config)),
    stateFolder,
    host: systemHost(stateFolder, clock),
    clock,
    async readPlan() {
      const next = await loadCurrentConfig(config);
      const plan = await makePlan(next);
      return { plan, logs: planLogs({ file: next, env, stateFolder }) };
    },
    onRecord: (record) => screen.record(record),
    onChange: (status) => screen.changed(status),
    onCrash: (crash) => screen.crashed(crash),
  });
  if (onSettled !== undefined) void running.supervisor.settled.then(onSettled);
  return await runUntilStopped(running, clock, options.end);
}

async function runUntilStopped(
  running: SupervisorProcess,
  clock: Clock,
  end: AbortSignal | undefined,
): Promise<number> {
  const { supervisor, log } = running;
  const manager = new ServiceManager({
    env: process.env,
    program: Bun.which("systemd-notify") ?? undefined,
    pid: process.pid,
    clock,
    log,
  });
  surviveProgrammingErrors(running);
  const stopped = stopSignal(running, end);
  running.start();
  const limit = clock.after(readyLimitMs, () => manager.ready());
  void supervisor.settled.then(() => {
    limit.cancel();
    manager.ready();
  });
  await stopped;
  limit.cancel();
  await Promise.all([manager.stopping(supervisor.drainLimitMs), running.stop()]);
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
function stopSignal(running: SupervisorProcess, end: AbortSignal | undefined): Promise<void> {
  const { supervisor, log } = running;
  const hadTerminal = isatty(2);
  return new Promise((resolve) => {
    let isStopping = false;
    let signals = 0;
    const stop = (reason: string): void => {
      if (isStopping) return;
      isStopping = true;
      log.info("stopping", { signal: reason });
      if (hasCalls(running)) say("waiting for calls to end; another signal ends them at once");
      resolve();
    };
    const onSignal = (signal: string): void => {
      signals += 1;
      if (signals === 1) return stop(signal);
      supervisor.kill();
      process.exit(forcedExitCode);
    };
    process.on("SIGTERM", () => onSignal("SIGTERM"));
    process.on("SIGINT", () => onSignal("SIGINT"));
    process.on("SIGHUP", () => {
      // Of the same name, but no wish to go on: the terminal is gone.
      if (hadTerminal && !isatty(2)) onSignal("SIGHUP");
      else void running.reload().catch(() => undefined);
    });
    if (end?.aborted === true) stop("none");
    else end?.addEventListener("abort", () => stop("none"), { once: true });
  });
}

/** Calls that get time to end by themselves. */
function hasCalls({ supervisor }: SupervisorProcess): boolean {
  return supervisor.drainLimitMs > 0 && supervisor.services().some(({ calls }) => calls > 0);
}

function say(text: string): void {
  process.stderr.write(`wildfire: ${text}\n`);
}

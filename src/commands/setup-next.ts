/** After setup: start, tell a running supervisor, or install as a service. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { defaultConfigFile } from "../config/paths.ts";
import { systemClock } from "../core/clock.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import { listServiceSockets, removeDeadSocket } from "../services/status-socket.ts";
import { reloadSupervisor } from "../services/web-control.ts";
import { type Choice, type Prompter, SetupLeft } from "../setup/setup-prompter.ts";
import { supervisorName } from "../supervisor/sole-supervisor.ts";
import { requestStatus } from "../supervisor/status-request.ts";
import { selfCommand } from "./self.ts";

export interface NextOptions {
  readonly prompter: Prompter;
  /** Of the configuration that was written. */
  readonly path: string;
  readonly stateFolder: string | undefined;
  /** How long the answer to a reload is waited for. */
  readonly reloadLimitMs: number;
}

type Next = "start" | "reload" | "install" | "nothing";

const statusLimitMs = 5000;

/** Resolves to the exit code. */
export async function offerNext(options: NextOptions): Promise<number> {
  const { prompter, path, stateFolder: folder = currentStateFolder() } = options;
  const running = await findSupervisor(folder, path);
  prompter.remark("ok", `Written: ${path}`);
  if (running === "other") prompter.remark("info", "Wildfire is running with another file.");
  const choices = [...usualChoices(running), ...installChoice(path), nothing];
  const next = await prompter.select<Next>({ message: "What next?", choices }).catch(whenLeft);
  if (next === "start") return await start(options);
  if (next === "reload") return await reload(options, folder);
  if (next === "install") return await install(prompter);
  prompter.closing(`Start it with ${upCommand(path)}; wildfire demo shows a call.`);
  return 0;
}

/** Everything is written by now. */
function whenLeft(error: unknown): Next {
  if (error instanceof SetupLeft) return "nothing";
  throw error;
}

const nothing: Choice<Next> = { value: "nothing", label: "Nothing now" };

function usualChoices(running: Running): readonly Choice<Next>[] {
  if (running === "other") return [];
  if (running === "none") return [{ value: "start", label: "Start now", hint: "wildfire up" }];
  const hint = "the services that it concerns start anew";
  return [{ value: "reload", label: "Apply it now: Wildfire is running", hint }];
}

/** Only what the service would read, and whoever may install it. */
function installChoice(path: string): readonly Choice<Next>[] {
  const isRoot = process.getuid?.() === 0;
  const isCompiled = selfCommand().length === 1;
  const hasSystemd = Bun.which("systemctl") !== null;
  if (path !== defaultConfigFile || !isRoot || !isCompiled || !hasSystemd) return [];
  const hint = "wildfire install";
  return [{ value: "install", label: "Install it as a service of this machine", hint }];
}

async function start({ prompter, path, stateFolder }: NextOptions): Promise<number> {
  prompter.closing(`${upCommand(path)} (Ctrl-C stops it)`);
  const folder = stateFolder === undefined ? [] : ["--state-dir", stateFolder];
  return await (await import("./up.ts")).up(["--config", path, ...folder]);
}

async function install(prompter: Prompter): Promise<number> {
  prompter.closing("wildfire install");
  return await (await import("./install.ts")).install([]);
}

async function reload({ prompter, reloadLimitMs }: NextOptions, folder: string): Promise<number> {
  const result = await prompter.busy({
    label: "Applying it",
    run: () => reloadSupervisor({ stateFolder: folder }, reloadLimitMs),
  });
  const answer = result.kind === "done" ? result.value : undefined;
  if (answer?.kind === "answered") {
    prompter.closing("Applied: wildfire status supervisor shows the services.");
    return 0;
  }
  if (answer?.kind === "late") {
    prompter.closing("It is being applied: what has calls starts anew when they have ended.");
    return 0;
  }
  prompter.remark("fault", answer?.kind === "refused" ? answer.reason : "it was not waited for");
  prompter.closing("It is written, and counts from the next start on.");
  return 1;
}

/** `none` too where one runs that this user may not speak to; `other` reads another file. */
type Running = "this" | "other" | "none";

async function findSupervisor(stateFolder: string, path: string): Promise<Running> {
  for (const socket of listServiceSockets(stateFolder, supervisorName)) {
    try {
      const { config } = await requestStatus({
        stateFolder,
        service: supervisorName,
        pid: socket.pid,
        limitMs: statusLimitMs,
        clock: systemClock,
      });
      return typeof config === "string" && isSameFile(config, path) ? "this" : "other";
    } catch {
      removeDeadSocket(socket);
    }
  }
  return "none";
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return resolve(one) === resolve(other);
  }
}

function upCommand(path: string): string {
  return path === defaultConfigFile ? "wildfire up" : `wildfire up --config ${path}`;
}

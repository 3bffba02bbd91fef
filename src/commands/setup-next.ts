/** After setup: start, tell a running supervisor, or install as a service. */
import { defaultConfigFile } from "../config/paths.ts";
import { describeError } from "../core/errors.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import {
  commandService,
  listServiceSockets,
  removeDeadSocket,
  type ServiceSocket,
} from "../services/status-socket.ts";
import { type Choice, type Prompter, SetupLeft } from "../setup/setup-prompter.ts";
import { supervisorName } from "../supervisor/sole-supervisor.ts";
import { selfCommand } from "./self.ts";

export interface NextOptions {
  readonly prompter: Prompter;
  /** Of the configuration that was written. */
  readonly path: string;
  readonly stateFolder: string | undefined;
}

type Next = "start" | "reload" | "install" | "nothing";

const reloadLimitMs = 20_000;

/** Resolves to the exit code. */
export async function offerNext(options: NextOptions): Promise<number> {
  const { prompter, path } = options;
  const running = await findSupervisor(options);
  prompter.remark("ok", `Written: ${path}`);
  const choices = [...usualChoices(running !== undefined), ...installChoice(path), nothing];
  const next = await prompter.select<Next>({ message: "What next?", choices }).catch(whenLeft);
  if (next === "start") return await start(options);
  if (next === "reload" && running !== undefined) return await reload(prompter, running);
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

function usualChoices(isRunning: boolean): readonly Choice<Next>[] {
  if (!isRunning) return [{ value: "start", label: "Start now", hint: "wildfire up" }];
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

async function reload(prompter: Prompter, socket: ServiceSocket): Promise<number> {
  const work = {
    label: "Applying it",
    run: () => commandService(socket, { command: "reload", fields: {} }, reloadLimitMs),
  };
  const result = await prompter.busy(work);
  const error = result.kind === "done" ? result.value["error"] : "it was not waited for";
  if (error === undefined) {
    prompter.closing("Applied: wildfire status supervisor shows the services.");
    return 0;
  }
  prompter.remark("fault", describeError(error));
  prompter.closing("It is written, and counts from the next start on.");
  return 1;
}

/** Undefined where none runs, or none that this user may speak to. */
async function findSupervisor({ stateFolder }: NextOptions): Promise<ServiceSocket | undefined> {
  const folder = stateFolder ?? currentStateFolder();
  for (const socket of listServiceSockets(folder, supervisorName)) {
    try {
      await commandService(socket, { command: "", fields: {} }, reloadLimitMs);
      return socket;
    } catch {
      removeDeadSocket(socket);
    }
  }
  return undefined;
}

function upCommand(path: string): string {
  return path === defaultConfigFile ? "wildfire up" : `wildfire up --config ${path}`;
}

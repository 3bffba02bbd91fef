/** What a running supervisor can be told: start, stop and restart a service, read the configuration again. */
import { quote, WildfireError } from "../core/errors.ts";
import { type CommandFields, textField, unknownCommand } from "../services/command-fields.ts";
import type { CommandHandler } from "../services/status-socket.ts";
import type { PlanChange, Supervisor } from "./supervisor.ts";

export interface SupervisorCommandOptions {
  readonly supervisor: Supervisor;
  /** Reads the configuration again and applies it. */
  readonly reload: () => Promise<PlanChange>;
}

type Command = (options: SupervisorCommandOptions, fields: CommandFields) => Promise<CommandFields>;

const longestDrainS = 3600;

/** Each answers once it is under way; with `wait: true` once it is done. */
export function supervisorCommands(options: SupervisorCommandOptions): CommandHandler {
  return async (name, fields) => {
    const command = commands.get(name);
    if (command === undefined) throw unknownCommand(name, [...commands.keys()]);
    return await command(options, fields);
  };
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    "start",
    async ({ supervisor }, fields) => {
      const service = textField(fields, "service");
      supervisor.startService(service);
      return answerFor(supervisor, service);
    },
  ],
  [
    "stop",
    async ({ supervisor }, fields) => {
      const service = textField(fields, "service");
      supervisor.child(service);
      await waited(supervisor.stopService(service, drainLimitMs(supervisor, fields)), fields);
      return answerFor(supervisor, service);
    },
  ],
  [
    "restart",
    async ({ supervisor }, fields) => {
      const service = textField(fields, "service");
      supervisor.child(service);
      await waited(supervisor.restartService(service, drainLimitMs(supervisor, fields)), fields);
      return answerFor(supervisor, service);
    },
  ],
  ["reload", async ({ reload }) => ({ ...(await reload()) })],
]);

function answerFor(supervisor: Supervisor, service: string): CommandFields {
  return { ...supervisor.child(service).status() };
}

/** Whoever asks has a limit of its own, and a drain may take longer: events tell the end. */
async function waited(work: Promise<void>, { wait }: CommandFields): Promise<void> {
  if (wait === true) await work;
  else work.catch(() => undefined);
}

/** `drainS`: seconds that calls get to end by themselves. */
function drainLimitMs(supervisor: Supervisor, { drainS }: CommandFields): number {
  if (drainS === undefined) return supervisor.drainLimitMs;
  if (typeof drainS === "number" && drainS >= 0 && drainS <= longestDrainS) return drainS * 1000;
  const shown = quote(JSON.stringify(drainS));
  throw new WildfireError("usage", `drainS ${shown} is not usable`, {
    hint: `give seconds from 0 to ${longestDrainS}`,
  });
}

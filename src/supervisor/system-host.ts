/** What supervised services have of the real machine: processes, status sockets, memory. */
import type { Clock } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import { commandService } from "../services/status-socket.ts";
import { spawnChild } from "./child-process.ts";
import type { ChildHost, ReloadVerdict } from "./child-run.ts";
import { residentMemoryBytes } from "./resident-memory.ts";
import { requestStatus, socketOf } from "./status-request.ts";

const answerLimitMs = 5000;
/** A speech engine may be opened anew for it. */
const reloadLimitMs = 15_000;

export function systemHost(stateFolder: string, clock: Clock): ChildHost {
  const tell = async (service: string, pid: number, order: Order): Promise<Answer> => {
    const socket = socketOf({ stateFolder, service, pid });
    if (socket === undefined) throw new WildfireError("state", `${service} has no status socket`);
    const { command, fields = {}, limitMs = answerLimitMs } = order;
    return await commandService(socket, { command, fields }, limitMs);
  };
  return {
    spawn: spawnChild,
    askStatus: (service, pid) =>
      requestStatus({ stateFolder, service, pid, limitMs: answerLimitMs, clock }),
    async drain(service, pid) {
      // A service that does not know the word says so: then its calls simply get their time.
      await tell(service, pid, { command: "drain" }).catch(() => undefined);
    },
    async undrain(service, pid) {
      const { error } = await tell(service, pid, { command: "undrain" });
      if (typeof error === "string") throw new WildfireError("state", error);
    },
    async reload(service, pid, secrets) {
      const fields = Object.keys(secrets).length === 0 ? {} : { secrets };
      const order = { command: "reload", fields, limitMs: reloadLimitMs };
      try {
        return verdictIn(await tell(service, pid, order));
      } catch (error) {
        return { kind: "refused", reason: describeError(error) };
      }
    },
    memoryBytes: residentMemoryBytes,
  };
}

type Answer = Readonly<Record<string, unknown>>;

interface Order {
  readonly command: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly limitMs?: number;
}

/** A service of an older version does not know the word, and takes nothing without a restart. */
function verdictIn({ error, changed, restart }: Answer): ReloadVerdict {
  if (typeof error === "string" && !error.startsWith("unknown command")) {
    return { kind: "refused", reason: error };
  }
  if (!Array.isArray(changed) || !Array.isArray(restart)) return { kind: "restart", keys: [] };
  if (restart.length > 0) return { kind: "restart", keys: restart.map(String) };
  return { kind: "taken", changed: changed.map(String) };
}

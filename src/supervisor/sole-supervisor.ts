/** One supervisor for a state folder: who is there already is found by its status socket. */
import type { Clock } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import { listServiceSockets, removeDeadSocket } from "../services/status-socket.ts";
import { requestStatus } from "./status-request.ts";

export const supervisorName = "supervisor";

const answerLimitMs = 3000;

/** Throws a WildfireError("state") when another process supervises the services of that folder. */
export async function requireSoleSupervisor(stateFolder: string, clock: Clock): Promise<void> {
  for (const socket of listServiceSockets(stateFolder, supervisorName)) {
    const { pid } = socket;
    if (pid === process.pid || removeDeadSocket(socket)) continue;
    if (!(await isSupervisor(stateFolder, pid, clock))) continue;
    throw new WildfireError("state", `a supervisor runs already: process ${pid}`, {
      hint: "stop that one, or give this one another folder with --state-dir",
    });
  }
}

/** Its number may have gone to another program since; one that hangs still has its services. */
async function isSupervisor(stateFolder: string, pid: number, clock: Clock): Promise<boolean> {
  try {
    await requestStatus({
      stateFolder,
      service: supervisorName,
      pid,
      limitMs: answerLimitMs,
      clock,
    });
    return true;
  } catch (error) {
    return error instanceof WildfireError && error.code === "timeout";
  }
}

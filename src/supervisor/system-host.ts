/** What supervised services have of the real machine: processes, status sockets, memory. */
import type { Clock } from "../core/clock.ts";
import { commandService } from "../services/status-socket.ts";
import { spawnChild } from "./child-process.ts";
import type { ChildHost } from "./child-run.ts";
import { residentMemoryBytes } from "./resident-memory.ts";
import { requestStatus, socketOf } from "./status-request.ts";

const answerLimitMs = 5000;

export function systemHost(stateFolder: string, clock: Clock): ChildHost {
  return {
    spawn: spawnChild,
    askStatus: (service, pid) =>
      requestStatus({ stateFolder, service, pid, limitMs: answerLimitMs, clock }),
    async drain(service, pid) {
      const socket = socketOf({ stateFolder, service, pid });
      if (socket === undefined) return;
      // A service that does not know the word says so: then its calls simply get their time.
      const asked = { command: "drain", fields: {} };
      await commandService(socket, asked, answerLimitMs).catch(() => undefined);
    },
    memoryBytes: residentMemoryBytes,
  };
}

/**
 * Children of a supervisor that was killed end by themselves; one whose event loop stands still does not,
 * and would keep the ports of the next. Most are ended by the system with their parent (child-process.ts);
 * those that hold calls get the time to say good-bye, and what is left of them is ended here.
 */
import { readFileSync } from "node:fs";
import type { Clock } from "../core/clock.ts";
import { listServiceSockets } from "../services/status-socket.ts";
import { supervisedVariable } from "./supervisor-pipe.ts";

export interface LeftoverOptions {
  readonly stateFolder: string;
  readonly services: readonly string[];
  readonly clock: Clock;
}

/** Orphans end themselves within 0.8 s. */
const patienceMs = 1500;
const lookEveryMs = 50;

/** The processes that had to be ended. To be called when there is no other supervisor. */
export async function endLeftovers(options: LeftoverOptions): Promise<readonly number[]> {
  const found = leftovers(options);
  if (found.length === 0) return [];
  await goneWithin(found, options.clock);
  const stuck = found.filter(isRunning);
  for (const pid of stuck) endNow(pid);
  return stuck;
}

function leftovers({ stateFolder, services }: LeftoverOptions): readonly number[] {
  return services
    .flatMap((service) => listServiceSockets(stateFolder, service))
    .map(({ pid }) => pid)
    .filter((pid) => isRunning(pid) && isSupervised(pid));
}

/** Services that were started by hand are none of ours, and a number may have gone to another program. */
function isSupervised(pid: number): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return variables.includes(`${supervisedVariable}=1`);
  } catch {
    return false;
  }
}

/** A process that has ended and was not waited for is over, too. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

async function goneWithin(pids: readonly number[], clock: Clock): Promise<void> {
  const over = Promise.withResolvers<void>();
  const limit = clock.after(patienceMs, over.resolve);
  const look = clock.every(lookEveryMs, () => {
    if (!pids.some(isRunning)) over.resolve();
  });
  await over.promise;
  limit.cancel();
  look.cancel();
}

function endNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended in this moment.
  }
}

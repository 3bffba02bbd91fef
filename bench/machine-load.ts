/** How much of the machine other programs use while something is measured, as /proc/stat tells it. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Processor time since a fixed moment. */
export interface CpuReading {
  readonly atMs: number;
  /** Of all programs, on all processors. */
  readonly allMs: number;
  /** Of this process, and of its children that have ended. */
  readonly ownMs: number;
}

/** USER_HZ, which is 100 on every system that Bun runs on. */
export const tickMs = 10;

/** Undefined where the system does not tell. */
export function readCpu(): CpuReading | undefined {
  try {
    return {
      atMs: performance.now(),
      allMs: busyTicks(readFileSync("/proc/stat", "utf8")) * tickMs,
      ownMs: familyTicks(readFileSync("/proc/self/stat", "utf8")) * tickMs,
    };
  } catch {
    return undefined;
  }
}

/** Share of all processors, 0..1, that other programs had since a reading; 0 when unknown. */
export function otherCpuShare(
  before: CpuReading | undefined,
  after: CpuReading | undefined,
): number {
  if (before === undefined || after === undefined) return 0;
  const othersMs = after.allMs - before.allMs - (after.ownMs - before.ownMs);
  const availableMs = (after.atMs - before.atMs) * availableParallelism();
  return Math.max(0, othersMs / availableMs);
}

/** From the first line of /proc/stat: user, nice, system, irq, softirq and steal, without idling. */
export function busyTicks(stat: string): number {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(" ").map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return user + nice + system + irq + softirq + steal;
}

/** From /proc/PID/stat: utime, stime, cutime and cstime, after a name that may hold anything. */
export function familyTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

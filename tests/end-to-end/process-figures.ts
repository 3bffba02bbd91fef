/** What the kernel says about a process: resident memory and open descriptors. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessFigures {
  readonly residentMiB: number;
  readonly descriptors: number;
  readonly threads: number;
}

const pageBytes = 4096;

export function figuresOf(pid: number): ProcessFigures {
  const [, residentPages = "0"] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return {
    residentMiB: Math.round((Number(residentPages) * pageBytes) / 1024 / 102.4) / 10,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
  };
}

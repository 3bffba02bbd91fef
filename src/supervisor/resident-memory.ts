/** How much memory of the machine a process holds, where the system tells it in a file. */
import { readFileSync } from "node:fs";

interface MemorySource {
  readonly file: (pid: number) => string;
  /** Undefined when the text does not say. */
  readonly parse: (text: string) => number | undefined;
}

const sources: Readonly<Record<string, MemorySource>> = {
  linux: { file: (pid) => `/proc/${pid}/status`, parse: parseProcStatus },
};

/** Resident bytes of a process; undefined where this system does not tell, or when it is gone. */
export function residentMemoryBytes(
  pid: number,
  platform: string = process.platform,
): number | undefined {
  const source = Object.hasOwn(sources, platform) ? sources[platform] : undefined;
  if (source === undefined) return undefined;
  try {
    return source.parse(readFileSync(source.file(pid), "latin1"));
  } catch {
    return undefined;
  }
}

/** The line `VmRSS:   123456 kB` of /proc/PID/status; a process without memory of its own has none. */
export function parseProcStatus(text: string): number | undefined {
  const kibibytes = /^VmRSS:\s+(\d{1,15}) kB$/m.exec(text)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

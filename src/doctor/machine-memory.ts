/** How much memory the machine has, and how much of it can still be had. */

export interface MachineMemory {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/** Undefined where the system does not tell. */
export async function readMemory(): Promise<MachineMemory | undefined> {
  try {
    return parseMeminfo(await Bun.file("/proc/meminfo").text());
  } catch {
    return undefined;
  }
}

/** Of Linux's /proc/meminfo: pure. */
export function parseMeminfo(text: string): MachineMemory | undefined {
  const totalBytes = bytesOf(text, "MemTotal");
  const availableBytes = bytesOf(text, "MemAvailable");
  if (totalBytes === undefined || availableBytes === undefined) return undefined;
  return { totalBytes, availableBytes };
}

function bytesOf(text: string, name: string): number | undefined {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d{1,15}) kB$`, "m").exec(text)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

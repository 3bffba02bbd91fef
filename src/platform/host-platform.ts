/** The platform that this process runs on, and what its CPU can do. */
import { darwin } from "./darwin.ts";
import { linux } from "./linux.ts";
import { parseCpuFlags, type Platform } from "./platform.ts";

const platforms: readonly Platform[] = [linux, darwin];

/** The platform named as in process.platform, or undefined where Wildfire does not run. */
export function findPlatform(name: string): Platform | undefined {
  return platforms.find((platform) => platform.name === name);
}

/** Features of the CPU that this process runs on; empty where the platform does not list them. */
export async function readCpuFlags(platform: Platform): Promise<ReadonlySet<string>> {
  if (platform.cpuInfoFile === undefined) return new Set();
  try {
    return parseCpuFlags(await Bun.file(platform.cpuInfoFile).text());
  } catch {
    return new Set();
  }
}

/** Text of the platform's socket tables behind one another; empty where there are none. */
export async function readSocketTables(platform: Platform): Promise<string> {
  const texts = platform.socketTables.map((path) =>
    Bun.file(path)
      .text()
      .catch(() => ""),
  );
  return (await Promise.all(texts)).join("");
}

/** The machines that an executable can be built for, and what each one takes. */
import { WildfireError, quote } from "../../src/core/errors.ts";
import type { CpuVariant } from "../../src/embedded/embedded.ts";

export interface Target {
  readonly name: string;
  readonly os: "linux" | "darwin";
  readonly arch: "x64" | "arm64";
  readonly bun: Bun.Build.CompileTarget;
  /** One native library each. */
  readonly cpus: readonly CpuVariant[];
  /** File name of the native library. */
  readonly library: string;
  /** As a GNU cross compiler has it in its name, and CMake in CMAKE_SYSTEM_PROCESSOR. */
  readonly processor: "x86_64" | "aarch64";
}

export const targets: readonly Target[] = [
  {
    name: "linux-x64",
    os: "linux",
    arch: "x64",
    bun: "bun-linux-x64",
    cpus: ["avx2", "sse42"],
    library: "libwildfire_native.so",
    processor: "x86_64",
  },
  {
    name: "linux-arm64",
    os: "linux",
    arch: "arm64",
    bun: "bun-linux-arm64",
    cpus: ["neon"],
    library: "libwildfire_native.so",
    processor: "aarch64",
  },
  {
    name: "darwin-arm64",
    os: "darwin",
    arch: "arm64",
    bun: "bun-darwin-arm64",
    cpus: ["apple"],
    library: "libwildfire_native.dylib",
    processor: "aarch64",
  },
];

/** The machine that builds. */
export interface Host {
  /** Operating system and processor as Node.js names them: "linux-x64". */
  readonly name: string;
  /** Whether a program is in the search path. */
  has(program: string): boolean;
}

export interface Choice {
  readonly build: readonly Target[];
  /** One line for each target of "all" that cannot be built here. */
  readonly leftOut: readonly string[];
}

/** Which targets to build; a target that was asked for by name and cannot be built is an error. */
export function chooseTargets(wanted: string | undefined, host: Host): Choice {
  if (wanted === "all") return chooseAll(host);
  const name = wanted ?? host.name;
  const target = targets.find((candidate) => candidate.name === name);
  if (target === undefined) {
    throw new WildfireError("usage", `no executable can be built for ${quote(name)}`, {
      hint: `use --target with one of: ${targets.map((known) => known.name).join(", ")}, all`,
    });
  }
  const obstacle = findObstacle(target, host);
  if (obstacle !== undefined) throw new WildfireError("usage", obstacle);
  return { build: [target], leftOut: [] };
}

function chooseAll(host: Host): Choice {
  const build: Target[] = [];
  const leftOut: string[] = [];
  for (const target of targets) {
    const obstacle = findObstacle(target, host);
    if (obstacle === undefined) build.push(target);
    else leftOut.push(obstacle);
  }
  return { build, leftOut };
}

/** The prefix of the cross compiler's programs, or undefined when the machine's own compiler will do. */
export function crossPrefix(target: Target, hostName: string): string | undefined {
  return target.name === hostName ? undefined : `${target.processor}-linux-gnu-`;
}

function findObstacle(target: Target, host: Host): string | undefined {
  if (target.name === host.name) return undefined;
  if (target.os === "darwin") return `${target.name} can only be built on a Mac with Apple Silicon`;
  if (!host.name.startsWith("linux-")) return `${target.name} can only be built on Linux`;
  const compiler = `${target.processor}-linux-gnu-g++`;
  if (host.has(compiler)) return undefined;
  const debianName = compiler.replace("x86_64", "x86-64").replace(/^(.*)-g\+\+$/, "g++-$1");
  return `${target.name} needs the cross compiler ${compiler}. Type: sudo apt-get install -y ${debianName}`;
}

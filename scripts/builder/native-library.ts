/** Compiles the native library for one processor variant with CMake, unless it is there already. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join, relative } from "node:path";
import type { CpuVariant } from "../../src/embedded/embedded.ts";
import { sayStep } from "../bootstrap/terminal.mjs";
import { fingerprint, sha256Of } from "./fingerprint.ts";
import { runLogged } from "./logged-command.ts";
import { Progress, parseProgress } from "./progress.ts";
import { crossPrefix, type Target } from "./targets.ts";

export interface NativeLibraryOptions {
  /** Folder of package.json, absolute. */
  readonly root: string;
  /** Name of the target that this machine is. */
  readonly hostName: string;
  readonly target: Target;
  readonly cpu: CpuVariant;
}

export const whisperSource = "node_modules/nodejs-whisper/cpp/whisper.cpp";

/** Leaves the library and, beside it, its digest in a file of the same name plus `.sha256`. */
export async function buildNativeLibrary(options: NativeLibraryOptions): Promise<void> {
  const { root, target, cpu } = options;
  const folder = join(root, "build", "native", `${target.name}-${cpu}`);
  const library = join(folder, target.library);
  const stamp = join(folder, "wildfire-inputs.sha256");
  const inputs = await inputsOf(options);
  if (await isUpToDate(library, stamp, inputs)) return;
  sayStep(`Compiling whisper.cpp for ${target.name} with ${cpu}`);
  rmSync(stamp, { force: true });
  await prepareFolder(folder, options);
  await compile(folder, options);
  const digest = await sha256Of(library);
  writeFileSync(`${library}.sha256`, `${digest}\n`);
  writeFileSync(stamp, `${inputs}\n`);
}

/** What CMake is told; `ninja` is faster than make, and is used where it is installed. */
export function cmakeArguments(options: NativeLibraryOptions, folder: string): string[] {
  const { root, target, cpu, hostName } = options;
  const prefix = crossPrefix(target, hostName);
  const cross =
    prefix === undefined
      ? []
      : [
          "-DCMAKE_SYSTEM_NAME=Linux",
          `-DCMAKE_SYSTEM_PROCESSOR=${target.processor}`,
          `-DCMAKE_C_COMPILER=${prefix}gcc`,
          `-DCMAKE_CXX_COMPILER=${prefix}g++`,
        ];
  return [
    `-S${join(root, "src/whisper/shim")}`,
    `-B${folder}`,
    `-G${generator()}`,
    "-DCMAKE_BUILD_TYPE=Release",
    `-DWHISPER_SOURCE=${join(root, whisperSource)}`,
    `-DWF_CPU=${cpu}`,
    ...cross,
  ];
}

function generator(): string {
  return Bun.which("ninja") === null ? "Unix Makefiles" : "Ninja";
}

async function compile(folder: string, options: NativeLibraryOptions): Promise<void> {
  const logPath = `${folder}.log`;
  writeFileSync(logPath, "");
  const progress = new Progress({
    label: relative(options.root, logPath),
    isTerminal: process.stderr.isTTY,
    write: (text) => process.stderr.write(text),
    nowMs: () => performance.now(),
  });
  const onLine = (line: string): void => {
    const share = parseProgress(line);
    if (share !== undefined) progress.update(share);
  };
  try {
    const configure = ["cmake", ...cmakeArguments(options, folder)];
    await runLogged({ command: configure, logPath, onLine });
    const build = ["cmake", "--build", folder, "--parallel", String(parallelJobs())];
    await runLogged({ command: build, logPath, onLine });
  } finally {
    progress.clear();
  }
}

/** As many as there are processors, and no more than memory allows at 0.7 GB for each compiler. */
function parallelJobs(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / 700e6)));
}

/** Everything that the library is made from; the same wherever the project lies. */
function inputsOf(options: NativeLibraryOptions): Promise<string> {
  const { root } = options;
  const texts = cmakeArguments(options, "").map((argument) => argument.replaceAll(root, ""));
  return fingerprint({
    folders: [join(root, "src/whisper/shim")],
    files: [join(root, "node_modules/nodejs-whisper/package.json")],
    texts: [...texts, ...toolVersions(options)],
  });
}

/** Besides CMake's arguments, what decides how the compilers work. */
function toolVersions({ target, hostName }: NativeLibraryOptions): string[] {
  const prefix = crossPrefix(target, hostName);
  const compilers = prefix === undefined ? ownCompilers() : [`${prefix}gcc`, `${prefix}g++`];
  const flags = ["CFLAGS", "CXXFLAGS", "LDFLAGS"].map((name) => Bun.env[name] ?? "");
  return [...flags, ...["cmake", ...compilers].map(versionOf)];
}

function ownCompilers(): string[] {
  return [Bun.env["CC"] ?? "cc", Bun.env["CXX"] ?? "c++"];
}

function versionOf(program: string): string {
  const [name = program, ...args] = program.split(" ");
  if (Bun.which(name) === null) return "";
  return Bun.spawnSync([name, ...args, "--version"]).stdout.toString();
}

async function isUpToDate(library: string, stamp: string, inputs: string): Promise<boolean> {
  const digestPath = `${library}.sha256`;
  if (![library, stamp, digestPath].every((path) => existsSync(path))) return false;
  if (readFileSync(stamp, "utf8").trim() !== inputs) return false;
  return readFileSync(digestPath, "utf8").trim() === (await sha256Of(library));
}

/**
 * make and ninja go by the time stamps of files, and those of packages and of copied folders do not
 * tell that the contents changed. So what was compiled before is kept only where nothing but our own
 * sources can differ, and those are always compiled again.
 */
async function prepareFolder(folder: string, options: NativeLibraryOptions): Promise<void> {
  const stamp = join(folder, "wildfire-folder.sha256");
  const wanted = await fingerprint({
    folders: [],
    files: [join(options.root, "node_modules/nodejs-whisper/package.json")],
    texts: [...cmakeArguments(options, folder), ...toolVersions(options)],
  });
  const found = existsSync(stamp) ? readFileSync(stamp, "utf8").trim() : undefined;
  rmSync(found === wanted ? join(folder, "CMakeFiles/wildfire_native.dir") : folder, {
    recursive: true,
    force: true,
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(stamp, `${wanted}\n`);
}

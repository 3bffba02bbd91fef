/** Puts the program, Bun, the native libraries and the demo model into one executable file. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { WildfireError } from "../../src/core/errors.ts";
import { readBuildInfo } from "./build-info.ts";
import type { Target } from "./targets.ts";

export interface ExecutableOptions {
  /** Folder of package.json, absolute. */
  readonly root: string;
  readonly target: Target;
  /** Where the finished file goes. */
  readonly outputPath: string;
}

/** The program, then the worker threads: `src/worker-files.ts` looks for them below `src`. */
const entryPoints = [
  "src/main.ts",
  "src/voice/engines/flite-worker.ts",
  "src/history/history-worker.ts",
];

/** Replaces the file in one step, so that one that is running goes on undisturbed. */
export async function buildExecutable(options: ExecutableOptions): Promise<void> {
  const { root, target, outputPath } = options;
  const folder = join(root, "build", "executable", target.name);
  // The file's name can be seen from inside the program, so it has its final name from the start.
  const draftPath = join(folder, basename(outputPath));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const buildInfo = await readBuildInfo(root, target.name);
  await Bun.build({
    entrypoints: entryPoints.map((path) => join(root, path)),
    conditions: [target.name],
    define: { WILDFIRE_BUILD_INFO: JSON.stringify(buildInfo) },
    // Names stay as they are: they cost little and are what logs and stack traces show.
    minify: { whitespace: true, syntax: true, identifiers: false },
    // With a top-level await, bytecode takes modules.
    format: "esm",
    bytecode: true,
    sourcemap: "linked",
    compile: {
      target: target.bun,
      outfile: draftPath,
      // The executable must not take settings from whatever folder it is started in.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  if (target.os === "darwin") signForMac(draftPath);
  mkdirSync(dirname(outputPath), { recursive: true });
  renameSync(draftPath, outputPath);
}

/** Apple Silicon starts nothing unsigned; "-" is a signature without an identity. */
function signForMac(path: string): void {
  const result = Bun.spawnSync(["codesign", "--force", "--sign", "-", path]);
  if (result.exitCode === 0) return;
  throw new WildfireError("native", `codesign failed: ${result.stderr.toString().trim()}`);
}

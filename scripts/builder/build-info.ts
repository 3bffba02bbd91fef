/** Finds out what `--version` of the executable will tell. */
import { realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { WildfireError } from "../../src/core/errors.ts";
import type { BuildInfo } from "../../src/version.ts";
import { whisperSource } from "./native-library.ts";

/** `root` is the folder of package.json, absolute. */
export async function readBuildInfo(root: string, target: string): Promise<BuildInfo> {
  return { ...readCommit(root), whisper: await readWhisperVersion(root), target };
}

interface Commit {
  readonly commit: string;
  readonly commitDate: string;
}

/** Without git, or outside a repository of our own, both are "unknown". */
export function readCommit(root: string): Commit {
  const unknown = { commit: "unknown", commitDate: "unknown" };
  const top = git(root, ["rev-parse", "--show-toplevel"]);
  // A copy of the sources may lie inside somebody else's repository.
  if (top === undefined || realpathSync(top) !== realpathSync(root)) return unknown;
  const head = git(root, ["log", "-1", "--abbrev=12", "--format=%h %cI"]);
  if (head === undefined) return unknown;
  const [commit = "", commitDate = ""] = head.split(" ");
  const changes = git(root, ["status", "--porcelain"]);
  return { commit: changes === "" ? commit : `${commit}+`, commitDate };
}

function git(root: string, args: readonly string[]): string | undefined {
  if (Bun.which("git") === null) return undefined;
  const result = Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" });
  return result.exitCode === 0 ? result.stdout.toString().trim() : undefined;
}

async function readWhisperVersion(root: string): Promise<string> {
  const path = join(root, whisperSource, "CMakeLists.txt");
  const found = /project\("whisper\.cpp" VERSION ([\d.]+)\)/.exec(await readFile(path, "utf8"));
  if (found?.[1] !== undefined) return found[1];
  throw new WildfireError("native", `${path} does not tell its version`);
}

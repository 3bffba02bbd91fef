/** Results of steps of the build that are known by their SHA-256: made once, and kept. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { sayStep } from "../bootstrap/terminal.mjs";
import { sha256Of } from "./fingerprint.ts";

export interface KeptResult {
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  /** What is said while it is made. */
  readonly step: string;
  /** Must give what has this SHA-256, or throw. */
  readonly make: () => Promise<Uint8Array>;
}

/** Leaves it at its path, unless it is there already; resolves with the path. */
export async function keepResult({ path, sha256, step, make }: KeptResult): Promise<string> {
  if (existsSync(path) && (await sha256Of(path)) === sha256) return path;
  sayStep(step);
  const bytes = await make();
  mkdirSync(dirname(path), { recursive: true });
  // Builds that run at the same time each write their own draft.
  const draftPath = `${path}.${process.pid}`;
  writeFileSync(draftPath, bytes);
  renameSync(draftPath, path);
  return path;
}

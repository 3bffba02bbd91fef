/** The gate: formatting, lint, types and unused code; every part runs, then it says which failed. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { sayStep, say } from "./bootstrap/terminal.mjs";

interface Part {
  readonly name: string;
  readonly args: readonly string[];
}

const root = dirname(import.meta.dir);
const sources = ["src", "tests", "bench", "scripts", "models", "build.ts"].filter(hasSources);

// `run --bun` starts the npm tools on Bun, whatever Node.js the system has.
const parts: readonly Part[] = [
  { name: "formatting", args: ["fmt", "--check", "--no-script", ...sources] },
  { name: "lint", args: ["--bun", "run", "--silent", "oxlint", "--type-aware", ...sources] },
  { name: "types", args: ["check", "--no-script"] },
  { name: "unused code", args: ["--bun", "run", "--silent", "knip"] },
];

function hasSources(name: string): boolean {
  return existsSync(join(root, name));
}

/** Resolves with whether the part passed; its output is shown only when it did not. */
async function passes(part: Part): Promise<boolean> {
  const child = Bun.spawn([process.execPath, ...part.args], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: process.stderr.isTTY ? { ...process.env, FORCE_COLOR: "1" } : process.env,
  });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const passed = (await child.exited) === 0;
  sayStep(`${passed ? "passed" : "FAILED"}  ${part.name}`);
  if (!passed) say(`${output}${errors}`.trimEnd());
  return passed;
}

for (const part of parts) {
  if (!(await passes(part))) process.exitCode = 1;
}

/** Carries out the steps of an installation, one after the other; each is whole or not done. */
import {
  chmod,
  copyFile,
  link,
  mkdir,
  open,
  readFile,
  realpath,
  rename,
  rm,
} from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { describeStep, type InstallStep } from "./install-plan.ts";

/** Runs a program; resolves to its exit code and what it wrote. */
export type RunProgram = (
  argv: readonly string[],
) => Promise<{ readonly code: number; readonly output: string }>;

export interface StepSurroundings {
  readonly run: RunProgram;
  /** Called before each step. */
  readonly say: (text: string) => void;
}

/** Throws a WildfireError that names the step; the steps before it stay done. */
export async function carryOut(
  steps: readonly InstallStep[],
  surroundings: StepSurroundings,
): Promise<void> {
  for (const step of steps) {
    surroundings.say(describeStep(step));
    try {
      await carryOutOne(step, surroundings);
    } catch (error) {
      if (error instanceof WildfireError) throw error;
      const errno = formatErrno(errnoOf(error));
      throw new WildfireError("state", `could not ${describeStep(step)}: ${errno}`, {
        cause: error,
        hint: "what was done before stays; mend this and say it again",
      });
    }
  }
}

async function carryOutOne(step: InstallStep, { run }: StepSurroundings): Promise<void> {
  switch (step.kind) {
    case "place":
      return await place(step.from, step.to, step.previous);
    case "swap":
      return await swap(step.path, step.previous);
    case "folder":
      await mkdir(step.path, { recursive: true, mode: step.mode });
      return;
    case "write":
      return await write(step.path, step.text, step.mode);
    case "own":
      return await runOne(chownCommand(step), false, run);
    case "remove":
      return await rm(step.path, { force: true, recursive: step.withContents });
    case "run":
      return await runOne(step.argv, step.mayFail, run);
    case "note":
      return;
  }
}

/** A copy beside the target, then two renames: at no moment is there no executable, or half a one. */
async function place(from: string, to: string, previous: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  const isItself = (await realpathOf(from)) === (await realpathOf(to));
  // Installing the installed one again must not forget the one before it.
  if (isItself || (await haveSameBytes(from, to))) return;
  await replace(to, async (draft) => {
    await copyFile(from, draft);
    await chmod(draft, 0o755);
    await syncFile(draft);
    await keep(to, previous);
  });
}

/** By a rename of what `make` makes beside it; half of that does not stay when the disk is full. */
async function replace(path: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  try {
    await make(draft);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function keep(path: string, previous: string): Promise<void> {
  const draft = `${previous}.new`;
  await rm(draft, { force: true });
  try {
    await link(path, draft);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  await rename(draft, previous);
}

async function swap(path: string, previous: string): Promise<void> {
  if (!(await Bun.file(previous).exists())) {
    throw new WildfireError("state", `there is no ${quote(previous, 200)} to go back to`, {
      hint: "an installation over another one keeps the old file there",
    });
  }
  await replace(path, async (draft) => {
    await link(previous, draft);
    await keep(path, previous);
  });
}

async function write(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await replace(path, async (draft) => {
    const file = await open(draft, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

async function runOne(argv: readonly string[], mayFail: boolean, run: RunProgram): Promise<void> {
  const { code, output } = await run(argv).catch((error: unknown) => ({
    code: 127,
    output: describeError(error),
  }));
  if (code === 0 || mayFail) return;
  const said = output.replaceAll(/\s+/g, " ").trim().slice(0, 300);
  throw new WildfireError("state", `${argv.join(" ")} ended with ${code}: ${said}`, {
    hint: "mend this and say it again",
  });
}

async function haveSameBytes(from: string, to: string): Promise<boolean> {
  const [one, other] = [Bun.file(from), Bun.file(to)];
  if (one.size !== other.size || !(await other.exists())) return false;
  const [a, b] = await Promise.all([readFile(from), readFile(to)]);
  return a.equals(b);
}

async function realpathOf(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.sync();
  await file.close();
}

/** Links are given away themselves, and never what they lead to. */
function chownCommand({
  path,
  user,
  withContents,
}: Extract<InstallStep, { readonly kind: "own" }>): string[] {
  return ["chown", withContents ? "-hR" : "-h", `${user}:${user}`, path];
}

/** What an installer finds on this machine, and how it runs the machine's own programs. */
import { existsSync } from "node:fs";
import { defaultConfigFile, secretsFileOf } from "../config/paths.ts";
import { WildfireError } from "../core/errors.ts";
import { serviceUser } from "./install-plan.ts";
import type { RunProgram } from "./install-steps.ts";

export interface MachineSurroundings {
  readonly hasSystemd: boolean;
  readonly canNotify: boolean;
  readonly hasUser: boolean;
  readonly hasConfig: boolean;
  /** Configuration and secrets, where they are there. */
  readonly ownedFiles: readonly string[];
}

export async function lookAround(): Promise<MachineSurroundings> {
  const passwords = await Bun.file("/etc/passwd")
    .text()
    .catch(() => "");
  return {
    // The folder is there while systemd runs the machine.
    hasSystemd: existsSync("/run/systemd/system"),
    canNotify: Bun.which("systemd-notify") !== null,
    hasUser: hasUserIn(passwords, serviceUser),
    hasConfig: existsSync(defaultConfigFile),
    ownedFiles: [defaultConfigFile, secretsFileOf(defaultConfigFile)].filter((path) =>
      existsSync(path),
    ),
  };
}

/** Pure. */
export function hasUserIn(passwords: string, name: string): boolean {
  return passwords.split("\n").some((line) => line.startsWith(`${name}:`));
}

const programLimitMs = 180_000;

export const runProgram: RunProgram = async (argv) => {
  const child = Bun.spawn([...argv], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: programLimitMs,
  });
  const [out, err, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, output: `${err}${out}` };
};

/** Throws a WildfireError("usage"): the system's folders belong to root. */
export function requireRoot(command: string, root: string): void {
  if (root !== "" || process.getuid?.() === 0) return;
  throw new WildfireError("usage", `${command} needs root`, {
    hint: `say sudo ${command}, or look first with --dry-run`,
  });
}

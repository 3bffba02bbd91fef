/** What an installer finds on this machine, and how it runs the machine's own programs. */
import { existsSync } from "node:fs";
import { defaultConfigFile, secretsFileOf } from "../config/paths.ts";
import { WildfireError } from "../core/errors.ts";
import { serviceUser, unitPathIn } from "./install-plan.ts";
import type { RunProgram } from "./install-steps.ts";
import { type InstalledUnit, readUnit } from "./installed-unit.ts";

export interface MachineSurroundings {
  readonly hasSystemd: boolean;
  readonly canNotify: boolean;
  readonly hasUser: boolean;
  readonly hasConfig: boolean;
  /** Configuration and secrets, where they are there. */
  readonly ownedFiles: readonly string[];
  /** Undefined where no unit is there. */
  readonly unit: InstalledUnit | undefined;
}

/** `root`: the folder that stands for `/`, empty for this machine. */
export async function lookAround(root: string): Promise<MachineSurroundings> {
  const passwords = await Bun.file("/etc/passwd")
    .text()
    .catch(() => "");
  const unit = await Bun.file(unitPathIn(root))
    .text()
    .catch(() => undefined);
  return {
    // The folder is there while systemd runs the machine.
    hasSystemd: existsSync("/run/systemd/system"),
    canNotify: Bun.which("systemd-notify") !== null,
    hasUser: hasUserIn(passwords, serviceUser),
    hasConfig: existsSync(defaultConfigFile),
    ownedFiles: [defaultConfigFile, secretsFileOf(defaultConfigFile)].filter((path) =>
      existsSync(path),
    ),
    unit: unit === undefined ? undefined : readUnit(unit),
  };
}

/** Pure. */
export function hasUserIn(passwords: string, name: string): boolean {
  return passwords.split("\n").some((line) => line.startsWith(`${name}:`));
}

const programLimitMs = 180_000;

/** systemd itself bounds what it is told: a restart takes as long as calls have to end, and then a start. */
export function limitOf([program = ""]: readonly string[]): { readonly timeout?: number } {
  return program === "systemctl" ? {} : { timeout: programLimitMs };
}

export const runProgram: RunProgram = async (argv) => {
  const child = Bun.spawn([...argv], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...limitOf(argv),
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

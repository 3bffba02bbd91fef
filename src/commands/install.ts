/** `wildfire install`: this executable becomes a service of the machine. */
import { resolve } from "node:path";
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { WildfireError } from "../core/errors.ts";
import {
  describeStep,
  type InstallStep,
  planInstall,
  planRollback,
  usualMemoryPercent,
} from "../setup/install-plan.ts";
import { carryOut } from "../setup/install-steps.ts";
import { lookAround, requireRoot, runProgram } from "../setup/install-surroundings.ts";
import { parseCredential } from "../setup/systemd-unit.ts";
import { selfCommand } from "./self.ts";

export const installOptions = {
  prefix: {
    kind: "string",
    value: "DIR",
    default: "/usr/local",
    help: "the executable goes to DIR/bin",
  },
  rollback: { kind: "boolean", help: "go back to the executable before the last installation" },
  "dry-run": { kind: "boolean", help: "only say what would be done" },
  "no-start": { kind: "boolean", help: "write everything, and start nothing" },
  credential: {
    kind: "list",
    value: "NAME=FILE",
    help: "a secret that systemd hands over, such as llama-key=/root/llama-key; repeatable",
  },
  "memory-percent": {
    kind: "integer",
    value: "N",
    min: 5,
    max: 100,
    help: `share of the machine's memory for all services together (default ${usualMemoryPercent})`,
  },
  root: {
    kind: "string",
    value: "DIR",
    help: "install into this folder instead of /, for packages",
  },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Installs this executable and a systemd service that runs it.

Usage: wildfire install [options]
Example: sudo wildfire install --dry-run

${formatOptions(installOptions)}

An executable that is there stays as wildfire.previous; wildfire install --rollback goes back to it.
The service runs as the user wildfire with /etc/wildfire/wildfire.toml. Where --credential or
--memory-percent is not given, what an earlier installation was given stays.
`;

/** Resolves to 0; throws a WildfireError that names the step which failed. */
export async function install(argv: readonly string[]): Promise<number> {
  const values = readOptions(installOptions, {
    argv,
    env: {},
    command: "install",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const place = { prefix: resolve(values.prefix), root: rootOf(values.root) };
  const around = await lookAround(place.root);
  const steps = values.rollback
    ? planRollback({ ...place, ...around })
    : planInstall({
        ...place,
        ...around,
        executable: values["dry-run"] ? process.execPath : requireExecutable(),
        credentials: values.credential.map(parseCredential),
        memoryPercent: values["memory-percent"],
        start: !values["no-start"],
      });
  return await perform(steps, {
    isDry: values["dry-run"],
    root: place.root,
    command: "wildfire install",
  });
}

export interface Performance {
  readonly isDry: boolean;
  readonly root: string;
  readonly command: string;
}

/** Prints the steps, and unless it is dry carries them out. */
export async function perform(steps: readonly InstallStep[], given: Performance): Promise<number> {
  if (given.isDry) {
    for (const step of steps) say(describeStep(step));
    return 0;
  }
  requireRoot(given.command, given.root);
  await carryOut(steps, { run: runProgram, say });
  return 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Empty for the machine itself. */
export function rootOf(given: string | undefined): string {
  const folder = given === undefined ? "/" : resolve(given);
  return folder === "/" ? "" : folder;
}

function requireExecutable(): string {
  const [executable = "", ...rest] = selfCommand();
  if (rest.length === 0) return executable;
  throw new WildfireError("usage", "only the compiled executable can be installed", {
    hint: "build it with npm run build, then say dist/wildfire install",
  });
}

/** `wildfire uninstall`: takes the service and the executable away again. */
import { resolve } from "node:path";
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { planUninstall } from "../setup/install-plan.ts";
import { lookAround } from "../setup/install-surroundings.ts";
import { perform, rootOf } from "./install.ts";

export const uninstallOptions = {
  prefix: { kind: "string", value: "DIR", default: "/usr/local", help: "as it was installed" },
  purge: { kind: "boolean", help: "also configuration, secrets, models, history and logs" },
  "dry-run": { kind: "boolean", help: "only say what would be done" },
  root: { kind: "string", value: "DIR", help: "as it was installed" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Stops the service and removes it and the executable; what belongs to you stays without --purge.

Usage: wildfire uninstall [options]
Example: sudo wildfire uninstall --dry-run

${formatOptions(uninstallOptions)}
`;

/** Resolves to 0; throws a WildfireError that names the step which failed. */
export async function uninstall(argv: readonly string[]): Promise<number> {
  const values = readOptions(uninstallOptions, {
    argv,
    env: {},
    command: "uninstall",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const place = { prefix: resolve(values.prefix), root: rootOf(values.root) };
  const { hasSystemd, hasUser, unit } = await lookAround(place.root);
  const steps = planUninstall({ ...place, hasSystemd, hasUser, unit, purge: values.purge });
  return await perform(steps, {
    isDry: values["dry-run"],
    root: place.root,
    command: "wildfire uninstall",
  });
}

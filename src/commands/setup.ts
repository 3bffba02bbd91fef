/** `wildfire setup`: asks a few questions, tries each answer at once, and writes the configuration at the end. */
import { formatOptions, readOptions } from "../config/options.ts";
import { systemClock } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import { setupOptions, type SetupValues } from "../setup/setup-flags.ts";
import { openSession } from "../setup/setup-session.ts";
import { askOnTerminal } from "./setup-on-terminal.ts";
import { setupUnattended } from "./setup-unattended.ts";

const help = `Sets up Wildfire: asks, tries each answer at once, and writes the configuration at the end.

Usage: wildfire setup [options]
Example: wildfire setup --pbx 192.168.1.10 --extension 200 --password-file /root/pw --yes

${formatOptions(setupOptions)}

Run it again to change something: what is there is suggested, passwords stay, and so do remarks.
Passwords come from files, standard input or WILDFIRE_LINE_PASSWORD, since every user of the machine
can read a command line. Without --config it is the file that the other commands read.

Exit codes: 0 done, 1 something that was given does not work (written only with --force), 2 wrong usage,
130 left with Ctrl-C and nothing was written.
`;

/** Resolves to the exit code; throws a WildfireError for what cannot be done. */
export async function setup(argv: readonly string[]): Promise<number> {
  const values = readOptions(setupOptions, {
    argv,
    env: {},
    command: "setup",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  requireSomebody(values);
  const session = await openSession(values, systemClock);
  return values.yes ? await setupUnattended(session, values) : await askOnTerminal(session, values);
}

/** Whoever cannot be asked must have said everything. */
function requireSomebody({ yes, json, force, "no-try": noTry }: SetupValues): void {
  if (yes) return;
  if (json || force || noTry) {
    throw new WildfireError("usage", "--json, --force and --no-try belong to --yes", {
      hint: "add --yes",
    });
  }
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  throw new WildfireError("usage", "there is no terminal to ask on", {
    hint: "say wildfire setup --pbx HOST --extension N --password-file FILE --yes, see wildfire setup --help",
  });
}

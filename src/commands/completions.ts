/** `wildfire completions bash|zsh|fish`: prints what makes a shell complete our commands. */
import { quote, WildfireError } from "../core/errors.ts";
import { commandCatalogue, serviceCatalogue } from "./command-catalogue.ts";
import { completionScript, shells } from "./shell-completion.ts";

const help = `Prints completions for a shell.

Usage: wildfire completions bash|zsh|fish
Example: wildfire completions bash | sudo tee /etc/bash_completion.d/wildfire
`;

/** Resolves to 0; throws a WildfireError("usage") for other shells. */
export function completions(argv: readonly string[]): Promise<number> {
  const [name = "", ...others] = argv;
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(help);
    return Promise.resolve(0);
  }
  const shell = shells.find((known) => known === name);
  if (shell === undefined || others.length > 0) {
    throw new WildfireError("usage", `no completions for ${quote(argv.join(" "))}`, {
      hint: `say wildfire completions ${shells.join("|")}`,
    });
  }
  const catalogue = { commands: commandCatalogue, services: serviceCatalogue };
  process.stdout.write(completionScript(shell, catalogue));
  return Promise.resolve(0);
}

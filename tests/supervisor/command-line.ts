/** The command line for tests of the supervisor: its own commands, and the services behind them. */
import { logs } from "../../src/commands/logs.ts";
import { up } from "../../src/commands/up.ts";
import { describeError, WildfireError } from "../../src/core/errors.ts";

const [first, ...rest] = process.argv.slice(2);
const command = { up, logs }[first ?? ""];
if (command === undefined) await import("../../src/main.ts");
else {
  try {
    process.exit(await command(rest));
  } catch (error) {
    process.stderr.write(`wildfire: ${describeError(error)}\n`);
    process.exit(error instanceof WildfireError && error.code === "usage" ? 2 : 1);
  }
}

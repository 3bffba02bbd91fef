/** Runs `wildfire config` as a process of its own, for the test of the command. */
import { config } from "../../src/commands/config.ts";
import { describeError } from "../../src/core/errors.ts";

try {
  process.exitCode = await config(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 2;
}

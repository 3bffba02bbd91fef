/** `wildfire` alone: runs what is configured, and where nothing is, asks. */
import { presenceOf } from "../config/load.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { currentConfigPath } from "../services/config-file.ts";

/** Resolves to the exit code; throws a WildfireError("usage") where nobody can be asked. */
export async function alone(): Promise<number> {
  const path = currentConfigPath(undefined);
  if (presenceOf(path) !== "absent") return await (await import("./up.ts")).up(["--config", path]);
  if (process.stdin.isTTY && process.stdout.isTTY) {
    return await (await import("./setup.ts")).setup([]);
  }
  throw new WildfireError(
    "usage",
    `there is no configuration ${quote(path, 200)}, and no terminal to ask on`,
    {
      hint:
        "say wildfire setup --pbx HOST --extension N --password-file FILE --yes, " +
        "or name a file with WILDFIRE_CONFIG; wildfire demo shows a call, wildfire --help the rest",
    },
  );
}

/** The configuration file of this process: where it is, and what stands in it. */
import { homedir, tmpdir } from "node:os";
import { type ConfigFile, loadConfigFile, presenceOf } from "../config/load.ts";
import { chooseConfigFile, defaultConfigFile } from "../config/paths.ts";

/** `given`: the value of --config. The file need not be there. */
export function currentConfigPath(given: string | undefined): string {
  const user = {
    env: process.env,
    home: homedir(),
    userId: process.getuid?.() ?? 0,
    temporaryFolder: tmpdir(),
  };
  const own = chooseConfigFile({ given, user, hasDefault: false });
  // One that this user may not see is meant all the same, unless the user has a file.
  const presence = presenceOf(defaultConfigFile);
  const hasDefault =
    presence === "there" || (presence === "closed" && presenceOf(own) === "absent");
  return chooseConfigFile({ given, user, hasDefault });
}

/** Undefined when nobody named a file and the usual one is not there. Throws a WildfireError("config"). */
export async function loadCurrentConfig(
  given: string | undefined,
): Promise<ConfigFile | undefined> {
  const path = currentConfigPath(given);
  const isNamed = (given ?? "") !== "" || (process.env["WILDFIRE_CONFIG"] ?? "") !== "";
  return isNamed || presenceOf(path) !== "absent" ? await loadConfigFile(path) : undefined;
}

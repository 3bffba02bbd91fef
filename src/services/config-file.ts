/** The configuration file of this process: where it is, and what stands in it. */
import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { type ConfigFile, loadConfigFile } from "../config/load.ts";
import { chooseConfigFile, defaultConfigFile } from "../config/paths.ts";

/** `given`: the value of --config. The file need not be there. */
export function currentConfigPath(given: string | undefined): string {
  const user = {
    env: process.env,
    home: homedir(),
    userId: process.getuid?.() ?? 0,
    temporaryFolder: tmpdir(),
  };
  return chooseConfigFile({ given, user, hasDefault: existsSync(defaultConfigFile) });
}

/** Undefined when nobody named a file and the usual one is not there. Throws a WildfireError("config"). */
export async function loadCurrentConfig(
  given: string | undefined,
): Promise<ConfigFile | undefined> {
  const path = currentConfigPath(given);
  const isNamed = (given ?? "") !== "" || (process.env["WILDFIRE_CONFIG"] ?? "") !== "";
  return isNamed || existsSync(path) ? await loadConfigFile(path) : undefined;
}

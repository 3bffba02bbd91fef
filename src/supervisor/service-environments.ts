/** Which variables each service gets: those of this process, and of the secrets those that it needs. */
import { formatProblem } from "../config/config-check.ts";
import type { ConfigFile } from "../config/load.ts";
import { secretsFileOf } from "../config/paths.ts";
import { loadSecrets } from "../config/secrets-file.ts";
import { currentConfigPath } from "../services/config-file.ts";
import {
  outsideSecrets,
  outsideVariable,
  writeOutsideSecrets,
} from "../services/outside-secrets.ts";
import { serviceEnvironment } from "../services/service-secrets.ts";

export interface ServiceEnvironments {
  readonly environmentOf: (service: string) => Readonly<Record<string, string>>;
  /** One line each, without values. */
  readonly problems: readonly string[];
}

/** Throws a WildfireError("config") for a file of secrets that others can read, or that cannot be read. */
export async function loadServiceEnvironments(
  file: ConfigFile | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServiceEnvironments> {
  const path = secretsFileOf(file?.path ?? currentConfigPath(undefined));
  const { secrets, problems } = await loadSecrets({ path, env });
  const lines = linesOf(file, env);
  const environmentOf = (service: string) => serviceEnvironment({ service, secrets, lines, env });
  const outside = writeOutsideSecrets(outsideSecrets({ secrets, env, path }));
  return {
    environmentOf: (service) => ({
      ...environmentOf(service).env,
      // The page shows which secrets cannot be changed from there.
      ...(service === "web" ? { [outsideVariable]: outside } : {}),
    }),
    problems: [
      ...problems.map((problem) => formatProblem(path, problem)),
      ...environmentOf("sip").problems,
    ],
  };
}

/** The extensions, whose passwords are found under their names. */
function linesOf(
  file: ConfigFile | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const given = [env["WILDFIRE_SIP_LINE"], env["WILDFIRE_LINE"]].find(
    (text) => (text ?? "") !== "",
  );
  const lines = given ?? file?.sections["sip"]?.["line"] ?? [];
  const texts: readonly unknown[] = typeof lines === "string" ? lines.split(/\s+/) : [lines].flat();
  return texts.filter((text) => typeof text === "string" && text !== "").map(String);
}

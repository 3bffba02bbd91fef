/** Reads configuration and secrets as they are now; what is broken is a problem and ends nothing. */
import { stat } from "node:fs/promises";
import { checkConfig, type CheckedConfig, type ConfigProblem } from "../config/config-check.ts";
import {
  effectiveConfig,
  type EffectiveConfig,
  type Environment,
} from "../config/config-effective.ts";
import type { ConfigSchema } from "../config/config-schema.ts";
import { readConfigText } from "../config/load.ts";
import { secretsFileOf } from "../config/paths.ts";
import { type LoadedSecrets, loadSecrets, Secrets } from "../config/secrets-file.ts";
import { WildfireError } from "../core/errors.ts";
import type { SettingsProblem } from "../web/settings/settings-desk.ts";
import {
  type OutsideSecrets,
  outsideSecrets,
  outsideVariable,
  readOutsideSecrets,
} from "./outside-secrets.ts";

export interface SettingsSources {
  readonly path: string;
  readonly schema: ConfigSchema;
  readonly env: Environment;
}

export interface ReadSettings extends SettingsSources {
  readonly secretsPath: string;
  readonly isThere: boolean;
  readonly revision: string;
  readonly checked: CheckedConfig;
  readonly effective: EffectiveConfig;
  /** Of the file alone. */
  readonly secrets: Secrets;
  readonly outside: OutsideSecrets;
  readonly problems: readonly SettingsProblem[];
}

/** Never rejects. */
export async function readSettings(sources: SettingsSources): Promise<ReadSettings> {
  const { path, schema, env } = sources;
  const failures: SettingsProblem[] = [];
  const text = await readText(path, failures);
  const checked = checkConfig(text ?? "", schema);
  const { sections, lines } = checked;
  const effective = effectiveConfig({ schema, sections, lines, env });
  const secretsPath = secretsFileOf(path);
  const loaded = await readSecrets(secretsPath, {}, failures);
  return {
    ...sources,
    secretsPath,
    isThere: text !== undefined,
    revision: await revisionOf(text, secretsPath),
    checked,
    effective,
    secrets: loaded.secrets,
    outside: await readOutside(secretsPath, env),
    problems: [
      ...failures,
      ...checked.problems.map((problem) => ({ place: path, ...problem })),
      ...effective.problems.map((problem) => ({ place: "environment", ...problem })),
      ...loaded.problems.map((problem) => ({ place: secretsPath, ...problem })),
    ],
  };
}

/** Undefined where there is no file. */
async function readText(path: string, failures: SettingsProblem[]): Promise<string | undefined> {
  if (!(await Bun.file(path).exists())) return undefined;
  try {
    return await readConfigText(path);
  } catch (error) {
    failures.push(failureOf(path, error));
    return "";
  }
}

async function readSecrets(
  path: string,
  env: Environment,
  failures: SettingsProblem[],
): Promise<LoadedSecrets> {
  try {
    return await loadSecrets({ path, env });
  } catch (error) {
    failures.push(failureOf(path, error));
    return { secrets: new Secrets(new Map(), new Map()), problems: [] };
  }
}

/** Under a supervisor our own environment has only what the supervisor tells of it. */
async function readOutside(path: string, env: Environment): Promise<OutsideSecrets> {
  const told = env[outsideVariable];
  if (told !== undefined) return readOutsideSecrets(told);
  const { secrets } = await readSecrets(path, env, []);
  return outsideSecrets({ secrets, env, path });
}

function failureOf(place: string, error: unknown): SettingsProblem {
  const nowhere: Pick<ConfigProblem, "line" | "section" | "key"> = {
    line: undefined,
    section: undefined,
    key: undefined,
  };
  const isOurs = error instanceof WildfireError;
  const message = isOurs ? error.message : "cannot be read";
  return { place, ...nowhere, message, hint: isOurs ? error.hint : undefined };
}

/** The text of the secrets is in no revision: who has one could try passwords on it. */
async function revisionOf(text: string | undefined, secretsPath: string): Promise<string> {
  const facts = await stat(secretsPath, { bigint: true }).catch(() => undefined);
  return new Bun.CryptoHasher("sha256")
    .update(`${text ?? ""}\0${facts?.mtimeNs ?? ""} ${facts?.ino ?? ""}`)
    .digest("hex")
    .slice(0, 16);
}

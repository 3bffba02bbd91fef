/** The configuration as a doctor sees it: what it comes to, and everything that is wrong with it. */
import { checkConfig, formatProblem } from "../config/config-check.ts";
import {
  effectiveConfig,
  type EffectiveConfig,
  type Environment,
} from "../config/config-effective.ts";
import { servicesToRun } from "../config/config-plan.ts";
import { presenceOf, readConfigText } from "../config/load.ts";
import {
  type OptionTable,
  type OptionValue,
  type OptionValues,
  readOptions,
} from "../config/options.ts";
import { secretsFileOf } from "../config/paths.ts";
import { loadSecrets, Secrets } from "../config/secrets-file.ts";
import { describeError } from "../core/errors.ts";
import { wholeSchema } from "../services/config-tables.ts";
import { webServiceOptions } from "../services/web-options.ts";
import { type LinePassword, linePasswords } from "../services/service-secrets.ts";

export interface Configured {
  readonly path: string;
  readonly isThere: boolean;
  /** One line each, with place and what to do. */
  readonly problems: readonly string[];
  readonly effective: EffectiveConfig;
  readonly secrets: Secrets;
  readonly passwords: readonly LinePassword[];
  /** Services that are to run. */
  readonly run: readonly string[];
}

/** Never rejects: what cannot be read is a problem, and counts as not given. */
export async function lookAtConfig(path: string, env: Environment): Promise<Configured> {
  const schema = wholeSchema(webServiceOptions);
  const isThere = presenceOf(path) !== "absent";
  const failures: string[] = [];
  const text = isThere ? await orElse(readConfigText(path), "", failures) : "";
  const checked = checkConfig(text, schema);
  const { sections, lines } = checked;
  const effective = effectiveConfig({ schema, sections, lines, env });
  const secretsPath = secretsFileOf(path);
  const none = { secrets: new Secrets(new Map(), new Map()), problems: [] };
  const loaded = await orElse(loadSecrets({ path: secretsPath, env }), none, failures);
  const lineTexts = textsOf(effective, "sip", "line");
  const problems = [
    ...failures,
    ...checked.problems.map((problem) => formatProblem(path, problem)),
    ...effective.problems.map((problem) => formatProblem("environment", problem)),
    ...loaded.problems.map((problem) => formatProblem(secretsPath, problem)),
  ];
  const { secrets } = loaded;
  const passwords = linePasswords({ secrets, env, lines: lineTexts });
  return { path, isThere, problems, effective, secrets, passwords, run: servicesToRun(effective) };
}

export function valueOf(
  { sections }: EffectiveConfig,
  section: string,
  key: string,
): OptionValue | undefined {
  return sections.get(section)?.get(key)?.value;
}

/** Undefined for what is not set, and for what is no text. */
export function textOf(config: EffectiveConfig, section: string, key: string): string | undefined {
  const value = valueOf(config, section, key);
  return typeof value === "string" ? value : undefined;
}

export function numberOf(
  config: EffectiveConfig,
  section: string,
  key: string,
): number | undefined {
  const value = valueOf(config, section, key);
  return typeof value === "number" ? value : undefined;
}

/** Of a list, or none. */
export function textsOf(config: EffectiveConfig, section: string, key: string): readonly string[] {
  const value = valueOf(config, section, key);
  return typeof value === "object" ? value : [];
}

/** The values of a section as the service that has this table reads them. */
export function sectionValues<T extends OptionTable>(
  { sections }: EffectiveConfig,
  section: string,
  table: T,
): OptionValues<T> {
  const known = [...(sections.get(section) ?? [])].filter(
    ([key, { value }]) => Object.hasOwn(table, key) && value !== undefined,
  );
  const file = Object.fromEntries(known.map(([key, { value }]) => [key, value]));
  return readOptions(table, {
    argv: [],
    env: {},
    command: section,
    file,
    fileName: `[${section}]`,
  });
}

async function orElse<T>(reading: Promise<T>, fallback: T, failures: string[]): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    failures.push(describeError(error));
    return fallback;
  }
}

/** What each option comes to, and who says so: nobody (its default), the file, or the environment. */
import {
  checkValue,
  tableOf,
  type ConfigLines,
  type ConfigProblem,
  type ConfigSections,
} from "./config-check.ts";
import type { ConfigSchema, SchemaSection } from "./config-schema.ts";
import {
  convertValue,
  defaultOf,
  environmentNames,
  type Option,
  optionName,
  type OptionTable,
  type OptionValue,
  type OptionValues,
  readOptions,
} from "./options.ts";
import { isTable } from "./toml-parse.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EffectiveValue {
  /** Undefined where nothing is set and there is no default. */
  readonly value: OptionValue | undefined;
  readonly source: "default" | "file" | "environment";
  /** Of the file. */
  readonly line?: number;
  /** Of the environment. */
  readonly variable?: string;
}

export interface EffectiveConfig {
  /** By section and key; a key within a table of its own is `memory-mb.whisper`. */
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, EffectiveValue>>;
  /** Of the environment; a value that is wrong counts as not given. */
  readonly problems: readonly ConfigProblem[];
}

export interface EffectiveOptions {
  readonly schema: ConfigSchema;
  readonly sections: ConfigSections;
  readonly env: Environment;
  /** Without it no value tells its line. */
  readonly lines?: ConfigLines;
}

/** For a file without problems; what is wrong in it counts as not given. */
export function effectiveConfig(given: EffectiveOptions): EffectiveConfig {
  const problems: ConfigProblem[] = [];
  const sections = new Map<string, ReadonlyMap<string, EffectiveValue>>();
  for (const section of given.schema.sections) {
    const values = Object.entries(section.options).map(
      ([name, option]) =>
        [name, effectiveValue({ ...given, section, name, option, problems })] as const,
    );
    sections.set(section.name, new Map([...values, ...innerValues(section, given)]));
  }
  return { sections, problems };
}

/**
 * The values of a section that no service has as its own, such as [logs]: in the environment its options
 * have only the long names, such as WILDFIRE_LOGS_KEEP. Throws a WildfireError("usage").
 */
export function readSection<T extends OptionTable>(
  table: T,
  given: {
    readonly name: string;
    readonly path: string;
    readonly sections: ConfigSections;
    readonly env: Environment;
  },
): OptionValues<T> {
  const { name, path, sections, env } = given;
  const prefix = `WILDFIRE_${name.toUpperCase()}_`;
  return readOptions(table, {
    argv: [],
    env: Object.fromEntries(Object.entries(env).filter(([key]) => key.startsWith(prefix))),
    file: sections[name] ?? {},
    fileName: `${path} [${name}]`,
    command: name,
  });
}

/** Only those that the file has: the environment knows no tables. */
function innerValues(
  section: SchemaSection,
  { sections, lines }: EffectiveOptions,
): readonly (readonly [string, EffectiveValue])[] {
  return Object.entries(sections[section.name] ?? {}).flatMap(([key, table]) => {
    const options = tableOf(section, optionName(key))?.options;
    if (options === undefined || !isTable(table)) return [];
    return Object.entries(table).flatMap(([inner, value]) => {
      const option = Object.hasOwn(options, inner) ? options[inner] : undefined;
      const converted = option === undefined ? undefined : convertValue(option, value);
      if (converted?.ok !== true) return [];
      const line = lines?.lineOf(section.name, key, inner);
      const place = line === undefined ? {} : { line };
      const shown = `${optionName(key)}.${inner}`;
      return [[shown, { value: converted.value, source: "file" as const, ...place }] as const];
    });
  });
}

interface Wanted extends EffectiveOptions {
  readonly section: SchemaSection;
  readonly name: string;
  readonly option: Option;
  readonly problems: ConfigProblem[];
}

function effectiveValue(wanted: Wanted): EffectiveValue {
  return (
    fromEnvironment(wanted) ??
    fromFile(wanted) ?? { value: defaultOf(wanted.option), source: "default" }
  );
}

function fromEnvironment(wanted: Wanted): EffectiveValue | undefined {
  const { section, name, option, env, problems } = wanted;
  const [long, short] = environmentNames(section.name, name);
  const variable = [long, ...(section.isService ? [short] : [])].find(
    (key) => (env[key] ?? "") !== "",
  );
  if (variable === undefined) return undefined;
  const converted = convertValue(option, env[variable]);
  const found = checkValue(section, { name: variable, option, value: env[variable] });
  if (found !== undefined) {
    problems.push({ line: undefined, section: section.name, key: name, ...found });
  }
  if (!converted.ok) return undefined;
  return { value: converted.value, source: "environment", variable };
}

function fromFile({ section, name, option, sections, lines }: Wanted): EffectiveValue | undefined {
  const table = sections[section.name] ?? {};
  const key = Object.keys(table).find((spelled) => optionName(spelled) === name);
  if (key === undefined) return undefined;
  const converted = convertValue(option, table[key]);
  if (!converted.ok) return undefined;
  const line = lines?.lineOf(section.name, key);
  const place = line === undefined ? {} : { line };
  return { value: converted.value, source: "file", ...place };
}

/** Finds everything that is wrong with a configuration file, each with its line and what to do. */
import { quote } from "../core/errors.ts";
import { type ConfigSchema, findSection, type SchemaSection } from "./config-schema.ts";
import { hideCredentials, soundsSecret } from "./hidden-credentials.ts";
import { nearestName } from "./nearest-name.ts";
import { convertValue, type Option, optionName } from "./options.ts";
import { isTable, parseToml, type TomlTable } from "./toml-parse.ts";
import { LineIndex, scanToml, type TomlStatement } from "./toml-statements.ts";

export interface ConfigProblem {
  /** Of the file; the first is 1. Undefined for what no line says. */
  readonly line: number | undefined;
  readonly section: string | undefined;
  /** As the file spells it. */
  readonly key: string | undefined;
  /** One line that quotes what is wrong, and no secret. */
  readonly message: string;
  /** What to do, as a sentence fragment. */
  readonly hint: string | undefined;
}

export type ConfigSections = Readonly<Record<string, TomlTable>>;

export interface CheckedConfig {
  readonly problems: readonly ConfigProblem[];
  /** What could be read, by the names that the file uses; empty for a text that is not TOML. */
  readonly sections: ConfigSections;
  readonly lines: ConfigLines;
}

/** `/etc/wildfire/wildfire.toml:7: [whisper] port: "x" is not a whole number from 0 to 65535` */
export function formatProblem(path: string, { line, message, hint }: ConfigProblem): string {
  const place = line === undefined ? path : `${path}:${line}`;
  return `${place}: ${message}${hint === undefined ? "" : `; ${hint}`}`;
}

/** All problems of the text in the order of its lines; never throws. */
export function checkConfig(text: string, schema: ConfigSchema): CheckedConfig {
  const lines = new ConfigLines(text);
  const parsed = parseToml(text);
  if (!parsed.ok) {
    const { line, reason } = parsed.fault;
    const message = `this is not valid TOML: ${reason}`;
    return { problems: [{ ...nowhere, line, message }], sections: {}, lines };
  }
  const found = Object.entries(parsed.table).flatMap(([name, value]) =>
    checkTop({ schema, lines, name, value }),
  );
  const tables = Object.entries(parsed.table).filter(([, value]) => isTable(value));
  const sections = Object.fromEntries(
    tables.map(([name, value]) => [name, isTable(value) ? value : {}]),
  );
  return { problems: found.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)), sections, lines };
}

/** Where the keys of a text stand. */
export class ConfigLines {
  readonly #index: LineIndex;
  readonly #starts = new Map<string, number>();

  constructor(text: string) {
    this.#index = new LineIndex(text);
    for (const statement of scanToml(text)) this.#add(statement);
  }

  /** Of a section or a key, or of what holds it; undefined when the text has neither. */
  lineOf(...path: readonly string[]): number | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const start = this.#starts.get(JSON.stringify(path.slice(0, length)));
      if (start !== undefined) return this.#index.lineAt(start);
    }
    return undefined;
  }

  /** A section begins where its header stands, or else its first key. */
  #add(statement: TomlStatement): void {
    if (statement.kind !== "entry" && statement.kind !== "header") return;
    const { path, start } = statement;
    for (let length = path.length; length > 0; length -= 1) {
      const id = JSON.stringify(path.slice(0, length));
      if (!this.#starts.has(id)) this.#starts.set(id, start);
    }
  }
}

const nowhere = { line: undefined, section: undefined, key: undefined, hint: undefined };

interface TopValue {
  readonly schema: ConfigSchema;
  readonly lines: ConfigLines;
  readonly name: string;
  readonly value: unknown;
}

/** What a section has under a key that is a table of its own; undefined for other keys. */
export function tableOf(section: SchemaSection, key: string): SchemaSection | undefined {
  const options = Object.hasOwn(section.tables, key) ? section.tables[key] : undefined;
  if (options === undefined) return undefined;
  return {
    ...section,
    name: `${section.name}.${key}`,
    options,
    tables: {},
    checks: {},
    exclusive: [],
  };
}

function checkTop({ schema, lines, name, value }: TopValue): readonly ConfigProblem[] {
  const section = findSection(schema, name);
  const line = lines.lineOf(name);
  if (!isTable(value)) return [{ ...nowhere, line, key: name, ...misplaced(schema, name, value) }];
  if (section === undefined) {
    const message = `there is no section ${quote(name)}`;
    return [{ ...nowhere, line, section: name, message, hint: sectionHint(schema, name) }];
  }
  return checkTable({ schema, section, lines, path: [name] }, value);
}

interface TableOfKeys extends Pick<TopValue, "schema" | "lines"> {
  readonly section: SchemaSection;
  readonly path: readonly string[];
}

function checkTable(given: TableOfKeys, value: TomlTable): readonly ConfigProblem[] {
  const { schema, section, lines, path } = given;
  const { name } = section;
  const seen = new Set<string>();
  const found = Object.entries(value).flatMap(([key, entry]) => {
    const inner = tableOf(section, optionName(key));
    if (inner !== undefined && isTable(entry)) {
      return checkTable({ schema, section: inner, lines, path: [...path, key] }, entry);
    }
    const place = { line: lines.lineOf(...path, key), section: name, key };
    const isTwice = seen.has(optionName(key));
    seen.add(optionName(key));
    const problem = isTwice
      ? { message: `[${name}] has ${quote(optionName(key))} twice, once with "_"`, hint: undefined }
      : checkKey({ schema, section, key, value: entry });
    return problem === undefined ? [] : [{ ...place, ...problem }];
  });
  return [...found, ...checkExclusive(given, value)];
}

function checkExclusive(
  { section, lines, path }: TableOfKeys,
  value: TomlTable,
): readonly ConfigProblem[] {
  const keys = new Map(Object.keys(value).map((key) => [optionName(key), key]));
  return section.exclusive.flatMap((pair) => {
    const [first, second] = pair.map((name) => keys.get(name));
    if (first === undefined || second === undefined) return [];
    const line = lines.lineOf(...path, second);
    const message = `[${section.name}] has both ${first} and ${second}`;
    return [{ line, section: section.name, key: second, message, hint: "take out one of them" }];
  });
}

type Finding = Pick<ConfigProblem, "message" | "hint">;

function misplaced(schema: ConfigSchema, name: string, value: unknown): Finding {
  const shown = quote(name);
  if (Array.isArray(value) && findSection(schema, name) !== undefined) {
    return { message: `${shown} is a list`, hint: `write [${name}] with one bracket, once` };
  }
  if (findSection(schema, name) !== undefined) {
    return { message: `${shown} is a section and no key`, hint: `write [${name}] above its keys` };
  }
  const homes = sectionsWith(schema, name);
  const hint = homes.length === 0 ? "put it under a section" : `put it under ${oneOf(homes)}`;
  return { message: `${shown} stands outside a section`, hint };
}

function sectionHint(schema: ConfigSchema, name: string): string {
  const names = schema.sections.map((section) => section.name);
  const nearest = nearestName(name, names);
  return nearest === undefined ? `there are: ${names.join(", ")}` : `did you mean [${nearest}]?`;
}

interface KeyValue {
  readonly schema: ConfigSchema;
  readonly section: SchemaSection;
  readonly key: string;
  readonly value: unknown;
}

function checkKey({ schema, section, key, value }: KeyValue): Finding | undefined {
  const name = optionName(key);
  const option = Object.hasOwn(section.options, name) ? section.options[name] : undefined;
  if (Object.hasOwn(section.tables, name)) {
    const [first = ""] = Object.keys(section.tables[name] ?? {});
    const hint = `write ${name}.${first} = …, a line for each`;
    return { message: `[${section.name}] ${name}: this is no table`, hint };
  }
  if (option === undefined) {
    const message = `[${section.name}] has no key ${quote(key)}`;
    return { message, hint: keyHint(schema, section, name) };
  }
  return checkValue(section, { name: key, option, value });
}

interface NamedValue {
  /** As it is to be shown. */
  readonly name: string;
  readonly option: Option;
  readonly value: unknown;
}

/** What is wrong with a value, wherever it came from; undefined for a right one. */
export function checkValue(
  section: SchemaSection,
  { name, option, value }: NamedValue,
): Finding | undefined {
  const where = `[${section.name}] ${name}`;
  const converted = convertValue(option, value);
  if (!converted.ok) {
    const { culprit, expected } = converted;
    const message = `${where}: ${showValue(culprit)} is not ${expected}`;
    return { message, hint: choiceHint(option, culprit) };
  }
  const problem = section.checks[optionName(name)]?.(converted.value);
  return problem === undefined ? undefined : { message: `${where}: ${problem}`, hint: undefined };
}

function keyHint(schema: ConfigSchema, section: SchemaSection, name: string): string {
  const own = [...Object.keys(section.options), ...Object.keys(section.tables)];
  const nearest = nearestName(name, own) ?? own.find((option) => option.endsWith(`-${name}`));
  const homes = sectionsWith(schema, name);
  if (homes.length === 1) return `it belongs under ${homes.join("")}`;
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  if (soundsSecret(name)) return "secrets belong into secrets.toml beside this file";
  if (homes.length > 0) return `it belongs under ${oneOf(homes)}`;
  return section.isService
    ? `see wildfire --service ${section.name} --help`
    : `there are: ${own.join(", ")}`;
}

function sectionsWith(schema: ConfigSchema, key: string): readonly string[] {
  const name = optionName(key);
  const homes = schema.sections.filter(({ options }) => Object.hasOwn(options, name));
  return homes.map((section) => `[${section.name}]`);
}

function oneOf(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function choiceHint(option: Option, value: unknown): string | undefined {
  const choices = "choices" in option ? option.choices : undefined;
  if (choices === undefined || typeof value !== "string") return undefined;
  const nearest = nearestName(value, choices);
  return nearest === undefined ? undefined : `did you mean ${nearest}?`;
}

function showValue(value: unknown): string {
  if (isTable(value)) return "a table";
  if (Array.isArray(value)) return "a list";
  return quote(hideCredentials(String(value)));
}

/**
 * Options as data: one table per command says name, short form, kind, limits, default and help. The
 * same table reads the command line, the environment and the configuration file, and prints `--help`.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { quote, WildfireError } from "../core/errors.ts";
import { nearestName } from "./nearest-name.ts";

interface OptionBase {
  readonly short?: string;
  readonly help: string;
}

export interface BooleanOption extends OptionBase {
  readonly kind: "boolean";
}

export interface StringOption extends OptionBase {
  readonly kind: "string";
  /** How the value is named in the help. */
  readonly value: string;
  readonly default?: string;
  readonly choices?: readonly string[];
}

/** May be given several times; in the environment its values are separated by spaces. */
export interface ListOption extends OptionBase {
  readonly kind: "list";
  /** How one value is named in the help. */
  readonly value: string;
}

export interface NumberOption extends OptionBase {
  readonly kind: "integer" | "number";
  readonly value: string;
  readonly min: number;
  readonly max: number;
  readonly default?: number;
}

export type Option = BooleanOption | StringOption | ListOption | NumberOption;
export type OptionTable = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O extends BooleanOption
  ? boolean
  : O extends ListOption
    ? readonly string[]
    : O extends NumberOption
      ? O extends { readonly default: number }
        ? number
        : number | undefined
      : O extends { readonly default: string }
        ? string
        : string | undefined;

/** The values of a table: without a default they may be undefined, booleans are false, lists empty. */
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

export interface OptionSources {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The command's section of the configuration file. */
  readonly file: Readonly<Record<string, unknown>>;
  /** Where that section stands, for messages: `/etc/wildfire/wildfire.toml [whisper]`. */
  readonly fileName: string;
  /** Name of the command, which distinguishes WILDFIRE_WHISPER_PORT from WILDFIRE_PORT. */
  readonly command: string;
}

type OptionValue = string | number | boolean | readonly string[];

type RawValues = Map<string, { readonly value: unknown; readonly source: string }>;

/** Command line over environment over file over default; throws a WildfireError("usage"). */
export function readOptions<T extends OptionTable>(
  table: T,
  sources: OptionSources,
): OptionValues<T> {
  const raw: RawValues = new Map();
  addFile(raw, table, sources);
  addEnvironment(raw, table, sources);
  addArguments(raw, table, sources.argv);
  const values: Record<string, OptionValue | undefined> = {};
  for (const [name, option] of Object.entries(table)) {
    const given = raw.get(name);
    values[name] =
      given === undefined ? defaultOf(option) : convert(option, given.value, given.source);
  }
  // The loop above gave each key a value of the kind that its table entry names; TypeScript cannot see it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return values as OptionValues<T>;
}

function defaultOf(option: Option): OptionValue | undefined {
  if (option.kind === "boolean") return false;
  return option.kind === "list" ? [] : option.default;
}

function addFile(raw: RawValues, table: OptionTable, sources: OptionSources): void {
  for (const [key, value] of Object.entries(sources.file)) {
    const name = key.replaceAll("_", "-");
    const source = `${sources.fileName} ${key}`;
    if (!Object.hasOwn(table, name))
      throw unknownName(`${quote(key)} in ${sources.fileName}`, name, table);
    raw.set(name, { value, source });
  }
}

/** `WILDFIRE_LLAMA_PORT`, or with the command's name `WILDFIRE_WHISPER_LLAMA_PORT`, which wins. */
function environmentNames(command: string, name: string): readonly [string, string] {
  const upper = name.replaceAll("-", "_").toUpperCase();
  return [`WILDFIRE_${command.toUpperCase()}_${upper}`, `WILDFIRE_${upper}`];
}

function addEnvironment(raw: RawValues, table: OptionTable, sources: OptionSources): void {
  for (const name of Object.keys(table)) {
    for (const variable of environmentNames(sources.command, name)) {
      const value = sources.env[variable];
      if (value === undefined || value === "") continue;
      raw.set(name, { value, source: variable });
      break;
    }
  }
}

function addArguments(raw: RawValues, table: OptionTable, argv: readonly string[]): void {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(Object.entries(table).map(toParseArgsOption)),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      throw new WildfireError("usage", `unexpected argument ${quote(token.value)}`, {
        hint: "see --help",
      });
    }
    const option = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (option === undefined) throw unknownName(quote(token.rawName), token.name, table);
    const value = token.value ?? (option.kind === "boolean" ? true : undefined);
    if (value === undefined) throw new WildfireError("usage", `${token.rawName} needs a value`);
    const given = option.kind === "list" ? addToList(raw, token, value) : value;
    raw.set(token.name, { value: given, source: token.rawName });
  }
}

/** The first value on the command line replaces what the environment and the file say. */
function addToList(
  raw: RawValues,
  { name, rawName }: { readonly name: string; readonly rawName: string },
  value: unknown,
): readonly unknown[] {
  const before = raw.get(name);
  return before?.source === rawName ? [...toList(before.value, rawName), value] : [value];
}

type ParseArgsOption = NonNullable<ParseArgsConfig["options"]>[string];

function toParseArgsOption([name, option]: [string, Option]): [string, ParseArgsOption] {
  const type = option.kind === "boolean" ? "boolean" : "string";
  return [name, option.short === undefined ? { type } : { type, short: option.short }];
}

function convert(option: Option, value: unknown, source: string): OptionValue {
  switch (option.kind) {
    case "boolean":
      return toBoolean(value, source);
    case "integer":
    case "number":
      return toNumber(option, value, source);
    case "string":
      return toText(option, value, source);
    case "list":
      return toList(value, source);
  }
}

function toList(value: unknown, source: string): readonly string[] {
  if (typeof value === "string") return value.split(/\s+/).filter((part) => part !== "");
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) return value;
  throw badValue(value, source, "text, or a list of texts");
}

const truths: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ["true", true],
  ["1", true],
  ["yes", true],
  [false, false],
  ["false", false],
  ["0", false],
  ["no", false],
]);

function toBoolean(value: unknown, source: string): boolean {
  const truth = truths.get(value);
  if (truth === undefined) throw badValue(value, source, "true or false");
  return truth;
}

function toNumber(option: NumberOption, value: unknown, source: string): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  const expected = `${option.kind === "integer" ? "a whole number" : "a number"} from ${option.min} to ${option.max}`;
  if (typeof number !== "number" || !Number.isFinite(number))
    throw badValue(value, source, expected);
  if (option.kind === "integer" && !Number.isInteger(number))
    throw badValue(value, source, expected);
  if (number < option.min || number > option.max) throw badValue(value, source, expected);
  return number;
}

function toText(option: StringOption, value: unknown, source: string): string {
  if (typeof value !== "string") throw badValue(value, source, "text");
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw badValue(value, source, `one of ${option.choices.join(", ")}`);
  }
  return value;
}

function badValue(value: unknown, source: string, expected: string): WildfireError {
  return new WildfireError("usage", `${source}: ${quote(String(value))} is not ${expected}`);
}

function unknownName(shown: string, name: string, table: OptionTable): WildfireError {
  const nearest = nearestName(name, Object.keys(table));
  return new WildfireError("usage", `unknown option ${shown}`, {
    hint: nearest === undefined ? "see --help" : `did you mean --${nearest}?`,
  });
}

/** The options part of `--help`, one line each. */
export function formatOptions(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, option]): [string, string] => {
    const short = option.short === undefined ? "    " : `-${option.short}, `;
    const value = option.kind === "boolean" ? "" : ` ${option.value}`;
    const fallback = "default" in option ? option.default : undefined;
    const shown = fallback === undefined || fallback === "" ? "" : ` (default ${fallback})`;
    return [`  ${short}--${name}${value}`, option.help + shown];
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => left.padEnd(width) + right).join("\n");
}

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

/** May be given several times; in one text, as the environment has it, values are separated by spaces. */
export interface ListOption extends OptionBase {
  readonly kind: "list";
  /** Its values are texts, in which spaces count: then one text is one value. */
  readonly isText?: true;
  /** How one value is named in the help. */
  readonly value: string;
  readonly default?: readonly string[];
  readonly choices?: readonly string[];
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
  /** The command's section of the configuration file, for those that have one. */
  readonly file?: Readonly<Record<string, unknown>>;
  /** Where that section stands, for messages: `/etc/wildfire/wildfire.toml [whisper]`. */
  readonly fileName?: string;
  /** Name of the command, which distinguishes WILDFIRE_WHISPER_PORT from WILDFIRE_PORT. */
  readonly command: string;
}

export type OptionValue = string | number | boolean | readonly string[];

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

/** What an option is when nobody sets it. */
export function defaultOf(option: Option): OptionValue | undefined {
  if (option.kind === "boolean") return false;
  return option.kind === "list" ? (option.default ?? []) : option.default;
}

function addFile(raw: RawValues, table: OptionTable, sources: OptionSources): void {
  const { file = {}, fileName = "" } = sources;
  for (const [key, value] of Object.entries(file)) {
    const name = optionName(key);
    const source = `${fileName} ${key}`;
    if (!Object.hasOwn(table, name)) throw unknownName(`${quote(key)} in ${fileName}`, name, table);
    raw.set(name, { value, source });
  }
}

/** The option that a key of the file means: `log_format` is `log-format`. */
export function optionName(key: string): string {
  return key.replaceAll("_", "-");
}

/** `WILDFIRE_WHISPER_LLAMA_PORT`, with the command's name, which wins over `WILDFIRE_LLAMA_PORT`. */
export function environmentNames(command: string, name: string): readonly [string, string] {
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
  const isRepeated = before?.source === rawName;
  return isRepeated ? [...(toList(before.value) ?? []), value] : [value];
}

type ParseArgsOption = NonNullable<ParseArgsConfig["options"]>[string];

function toParseArgsOption([name, option]: [string, Option]): [string, ParseArgsOption] {
  const type = option.kind === "boolean" ? "boolean" : "string";
  return [name, option.short === undefined ? { type } : { type, short: option.short }];
}

function convert(option: Option, value: unknown, source: string): OptionValue {
  const converted = convertValue(option, value);
  if (converted.ok) return converted.value;
  const shown = quote(String(converted.culprit));
  throw new WildfireError("usage", `${source}: ${shown} is not ${converted.expected}`);
}

export type Conversion =
  | { readonly ok: true; readonly value: OptionValue }
  | {
      readonly ok: false;
      /** The value, or that one of a list which is wrong. */
      readonly culprit: unknown;
      /** What it should be: "a whole number from 0 to 65535". */
      readonly expected: string;
    };

/** From text, or from a value of the configuration file. */
export function convertValue(option: Option, value: unknown): Conversion {
  switch (option.kind) {
    case "boolean":
      return toBoolean(value);
    case "integer":
    case "number":
      return toNumber(option, value);
    case "string":
      return toText(option, value);
    case "list":
      return toTexts(option, value);
  }
}

function toTexts({ choices, isText }: ListOption, value: unknown): Conversion {
  const isOne = isText === true && typeof value === "string" && value !== "";
  const texts = isOne ? [value] : toList(value);
  if (texts === undefined) return refused(value, "text, or a list of texts");
  const wrong = choices === undefined ? undefined : texts.find((text) => !choices.includes(text));
  if (wrong === undefined) return { ok: true, value: texts };
  return refused(wrong, `one of ${choices?.join(", ")}`);
}

function toList(value: unknown): readonly string[] | undefined {
  if (typeof value === "string") return value.split(/\s+/).filter((part) => part !== "");
  const isTexts = Array.isArray(value) && value.every((part) => typeof part === "string");
  return isTexts ? value : undefined;
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

function toBoolean(value: unknown): Conversion {
  const truth = truths.get(value);
  return truth === undefined ? refused(value, "true or false") : { ok: true, value: truth };
}

function toNumber(option: NumberOption, value: unknown): Conversion {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  const kind = option.kind === "integer" ? "a whole number" : "a number";
  const expected = `${kind} from ${option.min} to ${option.max}`;
  if (typeof number !== "number" || !Number.isFinite(number)) return refused(value, expected);
  if (option.kind === "integer" && !Number.isInteger(number)) return refused(value, expected);
  const isWithin = number >= option.min && number <= option.max;
  return isWithin ? { ok: true, value: number } : refused(value, expected);
}

function toText({ choices }: StringOption, value: unknown): Conversion {
  if (typeof value !== "string") return refused(value, "text");
  if (choices === undefined || choices.includes(value)) return { ok: true, value };
  return refused(value, `one of ${choices.join(", ")}`);
}

function refused(culprit: unknown, expected: string): Conversion {
  return { ok: false, culprit, expected };
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
    const shown =
      fallback === undefined || fallback === "" ? "" : ` (default ${[fallback].flat().join(" ")})`;
    return [`  ${short}--${name}${value}`, option.help + shown];
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => left.padEnd(width) + right).join("\n");
}

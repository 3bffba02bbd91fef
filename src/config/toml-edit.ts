/** Changes single keys of a TOML text and leaves everything else of it as somebody wrote it. */
import { quote, WildfireError } from "../core/errors.ts";
import type { OptionValue } from "./options.ts";
import { isTable, parseToml, type TomlTable } from "./toml-parse.ts";
import {
  scanToml,
  type TomlComment,
  type TomlEntry,
  type TomlHeader,
  type TomlStatement,
} from "./toml-statements.ts";
import { formatTomlKey, formatTomlValue } from "./toml-value.ts";

/**
 * The text with `key` of `[section]` set; without a section the key stands above all sections. A new key
 * goes behind its commented-out self, or behind the last one of its section. Throws a
 * WildfireError("config"), which quotes no value, when the text must be changed by hand.
 */
export function setKey(
  text: string,
  section: string | undefined,
  key: string,
  value: OptionValue,
): string {
  const before = requireTable(text);
  const path = section === undefined ? [key] : [section, key];
  const statements = scanToml(text);
  const written = formatTomlValue(value).replaceAll("\n", newlineOf(text));
  const entry = findEntry(statements, path);
  const edited =
    entry === undefined
      ? insert({ text, statements, section, key }, written)
      : splice(text, entry.valueStart, entry.valueEnd, written);
  return requireOutcome(edited, before, path, value);
}

/** The text without `key` of `[section]`, and unchanged where it has none; throws like `setKey`. */
export function removeKey(text: string, section: string | undefined, key: string): string {
  const before = requireTable(text);
  const path = section === undefined ? [key] : [section, key];
  const statements = scanToml(text);
  const entry = findEntry(statements, path);
  if (entry === undefined) return text;
  const edited = entry.isInline
    ? withoutInline(text, statements, entry)
    : withoutLines(text, entry);
  return requireOutcome(edited, before, path, undefined);
}

interface Place {
  readonly text: string;
  readonly statements: readonly TomlStatement[];
  readonly section: string | undefined;
  readonly key: string;
}

function insert(place: Place, value: string): string {
  const { text, statements, section, key } = place;
  const line = `${formatTomlKey(key)} = ${value}`;
  if (section === undefined) return insertOnTop(place, line);
  const header = statements.find(
    (statement) => statement.kind === "header" && isPath(statement.path, [section]),
  );
  if (header?.kind === "header") return insertBelow(place, header, line);
  const holders = statements.filter(
    (statement): statement is TomlEntry =>
      statement.kind === "entry" && !statement.isInline && statement.path[0] === section,
  );
  const dotted = holders.findLast(
    ({ key: own, path }) => own.length > 1 && own.length === path.length,
  );
  if (dotted !== undefined) {
    return insertLine(text, dotted, `${formatTomlKey(section, key)} = ${value}`);
  }
  const braces = holders.find(
    ({ path, valueStart }) => path.length === 1 && text[valueStart] === "{",
  );
  if (braces !== undefined) return insertInline(place, braces, line);
  return append(text, `[${formatTomlKey(section)}]`, line);
}

function insertBelow(place: Place, header: TomlHeader, line: string): string {
  const { text, statements, key } = place;
  const from = statements.indexOf(header) + 1;
  const next = statements.findIndex(({ kind }, index) => index >= from && kind === "header");
  const block = statements.slice(from, next < 0 ? undefined : next);
  const remark = block.find(
    (statement) => statement.kind === "comment" && isCommentedOut(text, statement, key),
  );
  const last = block.findLast((statement) => statement.kind === "entry" && !statement.isInline);
  return insertLine(text, remark ?? last ?? header, line);
}

function insertOnTop({ text, statements, key }: Place, line: string): string {
  const end = statements.findIndex(({ kind }) => kind === "header");
  const block = end < 0 ? statements : statements.slice(0, end);
  const remark = block.find(
    (statement) => statement.kind === "comment" && isCommentedOut(text, statement, key),
  );
  const last = block.findLast((statement) => statement.kind === "entry" && !statement.isInline);
  const anchor = remark ?? last ?? lastOfHead(text, block);
  if (anchor !== undefined) return insertLine(text, anchor, line);
  const start = text.startsWith("\uFEFF") ? 1 : 0;
  const newline = newlineOf(text);
  const gap = text.length > start ? newline : "";
  return splice(text, start, start, `${line}${newline}${gap}`);
}

/** The remarks that open a file, up to its first empty line; below that they speak of what follows. */
function lastOfHead(text: string, block: readonly TomlStatement[]): TomlStatement | undefined {
  return block.find(({ end }) => /^\r?\n[ \t]*(?:\r?\n|$)|^\s*$/.test(text.slice(end, end + 4096)));
}

/** `# port = 9000` */
function isCommentedOut(text: string, { start, end }: TomlComment, key: string): boolean {
  const words = text.slice(start, end).replace(/^#+\s*/, "");
  return [key, JSON.stringify(key)].some(
    (name) => words.startsWith(name) && /^\s*=/.test(words.slice(name.length)),
  );
}

/** As a line of its own behind a statement, and as far from the edge. */
function insertLine(text: string, { start, end }: TomlStatement, line: string): string {
  const newline = newlineOf(text);
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const [indent = ""] = /^[ \t]*/.exec(text.slice(lineStart, start)) ?? [];
  return splice(text, end, end, `${newline}${indent}${line}`);
}

function insertInline({ text, statements }: Place, braces: TomlEntry, line: string): string {
  const hasOthers = statements.some(
    (statement) =>
      statement.kind === "entry" &&
      statement.isInline &&
      statement.start > braces.valueStart &&
      statement.end < braces.valueEnd,
  );
  const at = braces.valueStart + 1;
  return splice(text, at, at, hasOthers ? ` ${line},` : ` ${line} `);
}

function append(text: string, header: string, line: string): string {
  const newline = newlineOf(text);
  const isEmpty = text.replace("\uFEFF", "") === "";
  const end = isEmpty || text.endsWith("\n") ? "" : newline;
  const gap = isEmpty ? "" : newline;
  return `${text}${end}${gap}${header}${newline}${line}${newline}`;
}

function withoutLines(text: string, { start, end }: TomlEntry): string {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const newline = text.indexOf("\n", end);
  const from = Math.max(lineStart, text.startsWith("\uFEFF") ? 1 : 0);
  return splice(text, from, newline < 0 ? text.length : newline + 1, "");
}

/** With the comma behind it, or else the one in front of it. */
function withoutInline(
  text: string,
  statements: readonly TomlStatement[],
  entry: TomlEntry,
): string {
  const siblings = statements.filter(
    (statement): statement is TomlEntry =>
      statement.kind === "entry" &&
      statement.isInline &&
      statement.path.length === entry.path.length &&
      statement.path[0] === entry.path[0],
  );
  const index = siblings.indexOf(entry);
  const next = siblings[index + 1];
  if (next !== undefined) return splice(text, entry.start, next.start, "");
  const previous = siblings[index - 1];
  return splice(text, previous?.end ?? entry.start, entry.end, "");
}

function findEntry(
  statements: readonly TomlStatement[],
  path: readonly string[],
): TomlEntry | undefined {
  return statements.find(
    (statement): statement is TomlEntry =>
      statement.kind === "entry" && isPath(statement.path, path),
  );
}

function isPath(path: readonly string[], other: readonly string[]): boolean {
  return path.length === other.length && path.every((part, index) => part === other[index]);
}

function splice(text: string, start: number, end: number, middle: string): string {
  return text.slice(0, start) + middle + text.slice(end);
}

function newlineOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function requireTable(text: string): TomlTable {
  const result = parseToml(text);
  if (result.ok) return result.table;
  throw new WildfireError("config", `line ${result.fault.line} is not valid TOML`, {
    hint: "repair it first",
  });
}

/** A text that somebody laid out in an odd way is left alone rather than spoilt. */
function requireOutcome(
  edited: string,
  before: TomlTable,
  path: readonly string[],
  value: OptionValue | undefined,
): string {
  const result = parseToml(edited);
  const expected = tidy(withValue(before, path, value));
  if (result.ok && Bun.deepEquals(tidy(result.table), expected, true)) return edited;
  throw new WildfireError("config", `${quote(path.join("."))} cannot be changed where it stands`, {
    hint: "change it by hand",
  });
}

function withValue(
  table: TomlTable,
  [first = "", ...rest]: readonly string[],
  value: OptionValue | undefined,
): TomlTable {
  const copy = new Map(Object.entries(table));
  if (rest.length > 0) {
    const inner = copy.get(first);
    copy.set(first, withValue(isTable(inner) ? inner : {}, rest, value));
  } else if (value === undefined) copy.delete(first);
  else copy.set(first, value);
  return Object.fromEntries(copy);
}

/** Empty sections are none, and tables differ in nothing but what they hold. */
function tidy(table: TomlTable): TomlTable {
  const entries = Object.entries(table)
    .map(([key, value]) => [key, isTable(value) ? tidy(value) : value] as const)
    .filter(([, value]) => !isTable(value) || Object.keys(value).length > 0);
  return Object.fromEntries(entries);
}

/** Values and keys as TOML writes them. */
import { quote, WildfireError } from "../core/errors.ts";
import type { OptionValue } from "./options.ts";

const bareKey = /^[A-Za-z0-9_-]+$/;
/** A longer list has each of its texts on a line of its own. */
const maxLineChars = 90;

/** Throws a WildfireError("config") for what TOML cannot hold. */
export function formatTomlValue(value: OptionValue): string {
  if (typeof value === "string")
    return value.includes("\n") ? formatLines(value) : formatText(value);
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return formatNumber(value);
  const texts = value.map(formatText);
  const line = `[${texts.join(", ")}]`;
  if (line.length <= maxLineChars || texts.length === 0) return line;
  return `[\n${texts.map((text) => `  ${text},\n`).join("")}]`;
}

/** For people, who see one line for each key; throws like `formatTomlValue`. */
export function formatTomlLine(value: OptionValue): string {
  if (typeof value === "string") return formatText(value);
  return formatTomlValue(value).replaceAll("\n", " ");
}

/** Bare where it can be. */
export function formatTomlKey(...parts: readonly string[]): string {
  return parts.map((part) => (bareKey.test(part) ? part : formatText(part))).join(".");
}

function formatNumber(value: number): string {
  const isWritable = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isWritable) return Object.is(value, -0) ? "0" : String(value);
  throw new WildfireError("config", `the number ${value} cannot be written to a file`);
}

function formatText(text: string): string {
  if (!text.isWellFormed()) {
    throw new WildfireError("config", `the text ${quote(text)} has half a character`, {
      hint: "type it once more",
    });
  }
  // What JSON escapes, TOML reads; only DEL is a control character that JSON leaves as it is.
  return JSON.stringify(text).replaceAll("\u007f", String.raw`\u007f`);
}

/**
 * With its line breaks as such; quotation marks are escaped where three would end the text. Whoever puts
 * it into a file with other line ends may change them: the parser reads each as a line feed.
 */
function formatLines(text: string): string {
  const written = formatText(text)
    .slice(1, -1)
    .replaceAll(/\\(.)/g, (escape, letter: string) => plainInLines[letter] ?? escape)
    .replaceAll(/(?<="")"|"$/g, String.raw`\"`);
  return `"""\n${written}"""`;
}

/** What needs no escape between three quotation marks, by the letter that JSON escapes it with. */
const plainInLines: Readonly<Record<string, string>> = { n: "\n", t: "\t", '"': '"' };

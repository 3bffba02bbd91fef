/** Bun's TOML parser, with the line of what is wrong. */
import { describeError } from "../core/errors.ts";
import { LineIndex, scanToml } from "./toml-statements.ts";

export type TomlTable = Readonly<Record<string, unknown>>;

export interface TomlFault {
  /** Where the statement begins that cannot be read; the first line is 1. */
  readonly line: number;
  /** The parser's words, without the value that it quotes, which may be a secret. */
  readonly reason: string;
}

export type TomlResult =
  | { readonly ok: true; readonly table: TomlTable }
  | { readonly ok: false; readonly fault: TomlFault };

export function parseToml(text: string): TomlResult {
  const whole = tryParse(text);
  if (typeof whole !== "string") return { ok: true, table: whole };
  return { ok: false, fault: locate(text, whole) };
}

/** Dates are objects too, and no tables. */
export function isTable(value: unknown): value is TomlTable {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The table, or the reason why there is none. */
function tryParse(text: string): TomlTable | string {
  try {
    const parsed: unknown = Bun.TOML.parse(text);
    return isTable(parsed) ? parsed : {};
  } catch (error) {
    return describeError(error)
      .replace(/^TOML Parse error: /, "")
      .replace(/:? *".*$/s, "");
  }
}

/** The parser tells no line: the first statement at whose end the text so far is wrong is the one. */
function locate(text: string, reason: string): TomlFault {
  const statements = scanToml(text).filter(
    (statement) => statement.kind !== "entry" || !statement.isInline,
  );
  let right = -1;
  let wrong = statements.length - 1;
  let found = reason;
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1;
    const result = tryParse(text.slice(0, statements[middle]?.end));
    if (typeof result === "string") {
      wrong = middle;
      found = result;
    } else right = middle;
  }
  const offset = statements[wrong]?.start ?? 0;
  return { line: new LineIndex(text).lineAt(offset), reason: found };
}

/**
 * Where the keys of a TOML text stand: Bun's parser tells the values and no places. Meant for text that
 * the parser takes; any other text yields statements all the same, among them broken ones.
 */
import { TomlCursor } from "./toml-cursor.ts";

interface Span {
  /** Offset of the first character. */
  readonly start: number;
  /** Offset behind the last character on its last line, a remark included; the line break is not in it. */
  readonly end: number;
}

export interface TomlComment extends Span {
  readonly kind: "comment";
}

export interface TomlHeader extends Span {
  readonly kind: "header";
  /** As the parsed value is reached; a table of an array has its index behind the array's name. */
  readonly path: readonly string[];
  readonly isArray: boolean;
}

export interface TomlEntry extends Span {
  readonly kind: "entry";
  /** From the root of the file, as the parsed value is reached. */
  readonly path: readonly string[];
  /** Its key as it stands: what is in front of the equals sign, taken apart. */
  readonly key: readonly string[];
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Stands between the braces of another entry's value. */
  readonly isInline: boolean;
}

export interface TomlBroken extends Span {
  readonly kind: "broken";
}

export type TomlStatement = TomlComment | TomlHeader | TomlEntry | TomlBroken;

/** Deeper values are not looked into. */
const maxDepth = 64;

/** In the order of the text; what stands in braces follows the entry that holds it. */
export function scanToml(text: string): readonly TomlStatement[] {
  return new TomlScan(text).run();
}

/** Turns offsets into line numbers, the first of which is 1. */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#starts.push(at + 1);
    }
  }

  lineAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

class TomlScan {
  readonly #cursor: TomlCursor;
  readonly #statements: TomlStatement[] = [];
  /** How many tables each array has had so far, by its resolved path. */
  readonly #arrays = new Map<string, number>();
  #table: readonly string[] = [];

  constructor(text: string) {
    this.#cursor = new TomlCursor(text);
  }

  run(): readonly TomlStatement[] {
    const cursor = this.#cursor;
    for (cursor.skipBlank(); !cursor.isAtEnd; cursor.skipBlank()) {
      const start = cursor.at;
      if (cursor.peek() === "#") this.#comment(start);
      else if (cursor.peek() === "[") this.#header(start);
      else this.#topEntry(start);
    }
    return this.#statements;
  }

  #comment(start: number): void {
    this.#cursor.skipLine();
    this.#statements.push({ kind: "comment", start, end: this.#cursor.at });
  }

  #header(start: number): void {
    const cursor = this.#cursor;
    cursor.take("[");
    const isArray = cursor.take("[");
    const name = cursor.key();
    const isClosed = name !== undefined && cursor.take("]") && (!isArray || cursor.take("]"));
    const isAlone = isClosed && cursor.isLineOver();
    cursor.skipLine();
    const end = cursor.at;
    if (name === undefined || !isAlone) {
      this.#statements.push({ kind: "broken", start, end });
      return;
    }
    this.#table = this.#resolve(name, isArray);
    this.#statements.push({ kind: "header", path: this.#table, isArray, start, end });
  }

  #resolve(name: readonly string[], isArray: boolean): readonly string[] {
    const path: string[] = [];
    for (const [index, part] of name.entries()) {
      path.push(part);
      const id = JSON.stringify(path);
      const count = this.#arrays.get(id);
      if (isArray && index === name.length - 1) {
        this.#arrays.set(id, (count ?? 0) + 1);
        path.push(String(count ?? 0));
      } else if (count !== undefined) path.push(String(count - 1));
    }
    return path;
  }

  #topEntry(start: number): void {
    const cursor = this.#cursor;
    const place = this.#statements.length;
    const entry = this.#entry(this.#table, 0);
    const isAlone = entry !== undefined && cursor.isLineOver();
    cursor.skipLine();
    const end = cursor.at;
    const inner = this.#statements.splice(place);
    if (entry === undefined || !isAlone) {
      this.#statements.push({ kind: "broken", start, end });
      return;
    }
    this.#statements.push({ ...entry, end });
    for (const statement of inner) this.#statements.push(statement);
  }

  /** `key = value`; undefined where there is none. */
  #entry(table: readonly string[], depth: number): TomlEntry | undefined {
    const cursor = this.#cursor;
    const start = cursor.at;
    const key = cursor.key();
    if (key === undefined || !cursor.take("=")) return undefined;
    cursor.skipSpace();
    const valueStart = cursor.at;
    const path = [...table, ...key];
    if (!this.#value(path, depth)) return undefined;
    const end = cursor.at;
    const isInline = depth > 0;
    return { kind: "entry", path, key, start, end, valueStart, valueEnd: end, isInline };
  }

  #value(path: readonly string[], depth: number): boolean {
    const cursor = this.#cursor;
    const first = cursor.peek();
    if (first === '"' || first === "'") return cursor.string();
    if (first !== "[" && first !== "{") return cursor.word();
    if (depth >= maxDepth) return false;
    return first === "[" ? this.#list(path, depth) : this.#inlineTable(path, depth);
  }

  #list(path: readonly string[], depth: number): boolean {
    const cursor = this.#cursor;
    cursor.take("[");
    for (let index = 0; ; index += 1) {
      cursor.skipBlankAndRemarks();
      if (cursor.take("]")) return true;
      if (!this.#value([...path, String(index)], depth + 1)) return false;
      cursor.skipBlankAndRemarks();
      if (!cursor.take(",")) return cursor.take("]");
    }
  }

  #inlineTable(path: readonly string[], depth: number): boolean {
    const cursor = this.#cursor;
    cursor.take("{");
    for (;;) {
      cursor.skipBlankAndRemarks();
      if (cursor.take("}")) return true;
      const place = this.#statements.length;
      const entry = this.#entry(path, depth + 1);
      if (entry === undefined) return false;
      this.#statements.splice(place, 0, entry);
      cursor.skipBlankAndRemarks();
      if (!cursor.take(",")) return cursor.take("}");
    }
  }
}

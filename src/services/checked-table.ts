/** A table of a configuration file, read key by key: what is wrong is told with place, key and value. */
import { nearestName } from "../config/nearest-name.ts";
import { quote, WildfireError } from "../core/errors.ts";

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

/** All methods throw a WildfireError("config") of one line for what cannot be used. */
export class CheckedTable {
  readonly #where: string;
  readonly #entries: ReadonlyMap<string, unknown>;

  /** `where` begins each message; keys that are not among `keys` are refused, any are taken without. */
  constructor(value: unknown, where: string, keys?: readonly string[]) {
    this.#where = where;
    if (!isTable(value)) throw this.problem("is no table");
    const known = keys ?? Object.keys(value);
    // As in the rest of the configuration, timeout_ms is timeout-ms.
    const named = Object.entries(value).map(([key, entry]): [string, unknown] => {
      const dashed = key.replaceAll("_", "-");
      return [!known.includes(key) && known.includes(dashed) ? dashed : key, entry];
    });
    this.#entries = new Map(named);
    for (const key of this.#entries.keys()) {
      if (!known.includes(key)) throw this.#unknownKey(key, known);
    }
  }

  get keys(): string[] {
    return [...this.#entries.keys()];
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** What stands there, unchecked. */
  value(key: string): unknown {
    return this.#entries.get(key);
  }

  /** Not empty, without white space around it. */
  text(key: string, maxChars: number): string {
    const value = this.value(key);
    if (value === undefined) throw this.problem(`has no ${key}`, `add ${key} = "…"`);
    const text = typeof value === "string" ? value.trim() : "";
    if (text === "") throw this.badValue(key, "a text");
    if (text.length <= maxChars) return text;
    throw this.problem(`has a ${key} of ${text.length} characters`, `${maxChars} are the most`);
  }

  choice<T extends string>(key: string, choices: readonly T[]): T {
    const text = this.text(key, Infinity);
    const chosen = choices.find((choice) => choice === text);
    if (chosen !== undefined) return chosen;
    const nearest = nearestName(text, choices);
    const hint = nearest === undefined ? undefined : `did you mean ${nearest}?`;
    throw this.badValue(key, `one of ${choices.join(", ")}`, hint);
  }

  /** Undefined when it is left out. */
  integer(key: string, { min, max }: IntegerRange): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const isWhole = typeof value === "number" && Number.isInteger(value);
    if (isWhole && value >= min && value <= max) return value;
    throw this.badValue(key, `a whole number from ${min} to ${max}`);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.value(key) ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.badValue(key, "true or false");
  }

  /** An empty one when it is left out; any keys are taken without `keys`. */
  table(key: string, keys?: readonly string[]): CheckedTable {
    return new CheckedTable(this.value(key) ?? {}, `${this.#where}: ${key}`, keys);
  }

  /** For what only the reader knows: `what` follows the place. */
  problem(what: string, hint?: string): WildfireError {
    return new WildfireError(
      "config",
      `${this.#where} ${what}`,
      hint === undefined ? {} : { hint },
    );
  }

  badValue(key: string, expected: string, hint?: string): WildfireError {
    const shown = JSON.stringify(this.value(key)) ?? "nothing";
    const value = shown.length > maxShownChars ? `${shown.slice(0, maxShownChars)}…` : shown;
    return this.problem(`has the ${key} ${value}, which is not ${expected}`, hint);
  }

  #unknownKey(key: string, known: readonly string[]): WildfireError {
    const nearest = nearestName(key, known);
    const hint =
      nearest === undefined ? `there are ${known.join(", ")}` : `did you mean ${nearest}?`;
    return this.problem(`has an unknown key ${quote(key)}`, hint);
  }
}

const maxShownChars = 60;

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

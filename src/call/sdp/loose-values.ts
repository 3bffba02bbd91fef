/** Looks into values of unknown shape, such as a parser's result, without believing them. */

/** The value of a field; undefined when `value` is no object or has no such field. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const found: unknown = Reflect.get(value, name);
  return found;
}

/** The items of a list field; empty when it is none. */
export function itemsOf(value: unknown, name: string): readonly unknown[] {
  const found = fieldOf(value, name);
  return Array.isArray(found) ? found : [];
}

/** A whole number field that lies in the range, both ends included. */
export function integerOf(
  value: unknown,
  name: string,
  range: readonly [least: number, most: number],
): number | undefined {
  const found = fieldOf(value, name);
  if (typeof found !== "number" || !Number.isInteger(found)) return undefined;
  return found >= range[0] && found <= range[1] ? found : undefined;
}

/** A text field; numbers become text again. */
export function textOf(value: unknown, name: string): string | undefined {
  const found = fieldOf(value, name);
  if (typeof found === "number") return String(found);
  return typeof found === "string" ? found : undefined;
}

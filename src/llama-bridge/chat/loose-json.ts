/** Looks into JSON of which nothing is known. */

/** The field of that name; undefined for anything that has none. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  const field: unknown = Reflect.get(value, name);
  return field;
}

/** A text, or the empty text for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A number of 0 or more, or undefined. */
export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The entries of a list, at most `limit`; none for anything else. */
export function itemsOf(value: unknown, limit: number): unknown[] {
  return Array.isArray(value) ? value.slice(0, limit) : [];
}

/** An object that is no list; undefined for anything else. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

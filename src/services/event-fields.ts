/** Fields of events and statuses as they came, from whichever version of a service: pure. */

export type Fields = Readonly<Record<string, unknown>>;

const shownCharacters = 4000;

/** Empty when it is no text; one that is longer than `maxCharacters` is cut. */
export function textIn(fields: Fields, name: string, maxCharacters = shownCharacters): string {
  const value = fields[name];
  return typeof value === "string" ? value.slice(0, maxCharacters).toWellFormed() : "";
}

export function numberIn(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** No fields when it is no object. */
export function objectIn(fields: Fields, name: string): Fields {
  const value = fields[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** Those entries of a list that are objects. */
export function objectsIn(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  if (!Array.isArray(value)) return [];
  const entries: readonly unknown[] = value;
  return entries.flatMap((entry) =>
    typeof entry === "object" && entry !== null ? [{ ...entry }] : [],
  );
}

/** Wall-clock milliseconds, or `otherwise`. */
export function timeIn(fields: Fields, otherwise: number): number {
  const ms = Date.parse(textIn(fields, "time"));
  return Number.isNaN(ms) ? otherwise : ms;
}

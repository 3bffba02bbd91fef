/** Fields of an event as it came, from whichever version of a service: what is not as expected is absent. */

export type EventFields = Readonly<Record<string, unknown>>;

/** Of one field; a longer text is cut. */
const maxTextCharacters = 16_384;

/** Empty when it is no text. */
export function textOf(fields: EventFields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value.slice(0, maxTextCharacters).toWellFormed() : "";
}

/** Null, as tables have it, when it is no number. */
export function numberOf(fields: EventFields, name: string): number | null {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function integerOf(fields: EventFields, name: string): number | null {
  const value = numberOf(fields, name);
  return value !== null && Number.isSafeInteger(value) ? value : null;
}

/** The fields of a field; none when it is no object. */
export function objectOf(fields: EventFields, name: string): EventFields {
  const value = fields[name];
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** When it happened, in wall-clock milliseconds; undefined when nothing valid is told. */
export function timeOf(fields: EventFields): number | undefined {
  const ms = Date.parse(textOf(fields, "time"));
  return Number.isNaN(ms) ? undefined : ms;
}

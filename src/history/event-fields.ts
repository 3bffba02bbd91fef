/** Fields of an event as the tables of the history have them: long texts, and null for what is no number. */
import { type Fields, numberIn, objectIn, textIn } from "../services/event-fields.ts";

export type EventFields = Fields;

/** Of one field; a longer text is cut. */
const maxTextCharacters = 16_384;

/** Empty when it is no text. */
export function textOf(fields: EventFields, name: string): string {
  return textIn(fields, name, maxTextCharacters);
}

export function numberOf(fields: EventFields, name: string): number | null {
  return numberIn(fields, name) ?? null;
}

export function integerOf(fields: EventFields, name: string): number | null {
  const value = numberOf(fields, name);
  return value !== null && Number.isSafeInteger(value) ? value : null;
}

/** The fields of a field; none when it is no object. */
export function objectOf(fields: EventFields, name: string): EventFields {
  return objectIn(fields, name);
}

/** Reads the body of a request into fields, within a bound. */
import { RequestError } from "./answers.ts";
import type { BodyField, Route } from "./route.ts";

export type BodyFields = Readonly<Record<string, unknown>>;

const maxBodyBytes = 64 * 1024;
const maxFields = 100;
/** Of a list in a body. */
const maxEntries = 100;
const types = { json: "application/json", form: "application/x-www-form-urlencoded" } as const;

/** No fields for routes that take none. Throws a RequestError with 400, 413 or 415. */
export async function readBody(request: Request, { body }: Route): Promise<BodyFields> {
  if (body === undefined) return {};
  const text = await readText(request);
  if (text === "" && !isRequired(body.fields)) return {};
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== types[body.form]) {
    throw new RequestError(415, `the body must be ${types[body.form]}`);
  }
  const fields = body.form === "json" ? parseJson(text) : parseForm(text);
  for (const [name, field] of Object.entries(body.fields)) requireField(name, field, fields[name]);
  return fields;
}

function requireField(name: string, field: BodyField, value: unknown): void {
  const { kind, help, isRequired: isNeeded, choices } = field;
  if (value === undefined && isNeeded !== true) return;
  if (kind === "objects") {
    requireObjects(name, field, value);
    return;
  }
  const isKnown = choices === undefined || choices.some((choice) => choice === value);
  if ((kind === "value" ? isPlainValue(value) : typeof value === kind) && isKnown) return;
  const hint = choices === undefined ? help : `one of ${choices.join(", ")}`;
  throw new RequestError(400, `the field ${name} must be a ${kind}`, { hint });
}

function requireObjects(name: string, { entry = {}, help }: BodyField, value: unknown): void {
  const isList = Array.isArray(value) && value.length <= maxEntries;
  if (!isList) {
    const what = `the field ${name} must be a list of at most ${maxEntries} objects`;
    throw new RequestError(400, what, { hint: help });
  }
  const entries: readonly unknown[] = value;
  for (const [index, object] of entries.entries()) {
    if (typeof object !== "object" || object === null || Array.isArray(object)) {
      throw new RequestError(400, `${name}[${index}] must be an object`, { hint: help });
    }
    const fields = new Map<string, unknown>(Object.entries(object));
    for (const [inner, field] of Object.entries(entry)) {
      requireField(`${name}[${index}].${inner}`, field, fields.get(inner));
    }
  }
}

function isPlainValue(value: unknown): boolean {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return true;
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function isRequired(fields: NonNullable<Route["body"]>["fields"]): boolean {
  return Object.values(fields).some((field) => field.isRequired === true);
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBodyBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = request.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tooLarge(): RequestError {
  return new RequestError(413, `the body is larger than ${maxBodyBytes} bytes`);
}

function parseJson(text: string): BodyFields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw new RequestError(400, "the body is not a JSON object");
}

function parseForm(text: string): BodyFields {
  const fields: Record<string, string> = {};
  for (const [name, value] of [...new URLSearchParams(text)].slice(0, maxFields))
    fields[name] = value;
  return fields;
}

/** Checks what a model passes to a tool against the tool's JSON schema: the part of it that matters. */
import { quote } from "../../core/errors.ts";
import type { JsonObject, ToolArguments } from "../chat/chat-messages.ts";
import { fieldOf, itemsOf, objectOf, textOf } from "../chat/loose-json.ts";

const maxTextChars = 1000;
const maxProperties = 100;

const typeChecks: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string" && value.length <= maxTextChars,
  number: (value) => typeof value === "number" && Number.isFinite(value),
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === "boolean",
  array: (value) => Array.isArray(value),
  object: (value) => objectOf(value) !== undefined,
};

/** Only the properties that the schema knows, each of its type; or what to tell the model. */
export function checkArguments(schema: JsonObject, given: ToolArguments): ToolArguments {
  if (given.kind === "wrong") return given;
  const required = itemsOf(fieldOf(schema, "required"), maxProperties).map(textOf);
  const missing = required.find((name) => fieldOf(given.value, name) === undefined);
  if (missing !== undefined) return wrong(`the argument ${quote(missing)} is missing`);
  const value: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(objectOf(fieldOf(schema, "properties")) ?? {})) {
    const argument = fieldOf(given.value, name);
    if (argument === undefined) continue;
    const reason = complaint(property, argument);
    if (reason !== undefined) return wrong(`the argument ${quote(name)} ${reason}`);
    value[name] = argument;
  }
  return { kind: "object", value };
}

function complaint(property: unknown, argument: unknown): string | undefined {
  const type = textOf(fieldOf(property, "type"));
  const isOfType = Object.hasOwn(typeChecks, type) ? typeChecks[type] : undefined;
  if (isOfType !== undefined && !isOfType(argument)) return `must be of type ${type}`;
  const choices = itemsOf(fieldOf(property, "enum"), maxProperties);
  if (choices.length === 0 || choices.includes(argument)) return undefined;
  return `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`;
}

function wrong(reason: string): ToolArguments {
  return { kind: "wrong", reason };
}

/** The parameters of a tool as the tool file describes them, made into the JSON schema that models read. */
import type { JsonObject } from "../llama-bridge/chat/chat-messages.ts";
import type { CheckedTable } from "./checked-table.ts";

const types = ["string", "number", "integer", "boolean"] as const;
type ParameterType = (typeof types)[number];

const keys = ["type", "description", "required", "enum"] as const;
const nameForm = /^[A-Za-z][\w-]{0,63}$/;
const maxParameters = 32;
const maxDescriptionChars = 500;
const maxChoices = 64;

/** `table` is `[http.parameters]`; throws a WildfireError("config") that tells what is wrong in it. */
export function parameterSchema(table: CheckedTable): JsonObject {
  const names = table.keys;
  if (names.length > maxParameters) {
    throw table.problem(`has ${names.length} entries`, `${maxParameters} are the most`);
  }
  const parameters = names.map((name) => {
    if (!nameForm.test(name)) {
      const hint = "use letters, digits, _ and -, beginning with a letter";
      throw table.problem(`cannot have the name ${JSON.stringify(name)}`, hint);
    }
    const parameter = table.table(name, keys);
    return { name, isRequired: parameter.boolean("required", true), schema: schemaOf(parameter) };
  });
  const properties = parameters.map(({ name, schema }) => [name, schema] as const);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: parameters.filter(({ isRequired }) => isRequired).map(({ name }) => name),
  };
}

function schemaOf(parameter: CheckedTable): JsonObject {
  const type = parameter.choice("type", types);
  const description = parameter.text("description", maxDescriptionChars);
  const choices = parameter.value("enum");
  if (choices === undefined) return { type, description };
  const isList = Array.isArray(choices) && choices.length > 0 && choices.length <= maxChoices;
  if (isList && choices.every((choice) => isOfType(choice, type))) {
    return { type, description, enum: [...new Set<unknown>(choices)] };
  }
  throw parameter.badValue("enum", `a list of 1 to ${maxChoices} values of the type ${type}`);
}

function isOfType(value: unknown, type: ParameterType): boolean {
  if (type === "integer") return Number.isSafeInteger(value);
  if (type === "number") return Number.isFinite(value);
  return typeof value === type;
}

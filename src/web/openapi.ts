/** The OpenAPI 3.1 document, made of the table that the router serves. */
import { csrfHeader } from "./access.ts";
import type { BodyField, Route, RouteParameter } from "./route.ts";

type Json = Readonly<Record<string, unknown>>;

const mediaTypes = { json: "application/json", form: "application/x-www-form-urlencoded" } as const;

/** Pages are for people and are left out. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    if (route.kind === "page") continue;
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Wildfire",
      version,
      description:
        "Programs log in with `Authorization: Bearer` and a token. Errors are JSON: `error` says what " +
        "is wrong, `hint` what to do about it.",
    },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: {
        Error: {
          type: "object",
          required: ["error", "hint"],
          properties: { error: { type: "string" }, hint: { type: "string" } },
        },
      },
    },
  };
}

function operationOf(route: Route): Json {
  const { summary, least, body, answer, method } = route;
  const isOpen = least === "nobody";
  const csrf: RouteParameter = {
    name: csrfHeader,
    in: "header",
    help: "from /api/v1/session; not with a token",
  };
  const parameters = [...(route.parameters ?? []), ...(method === "GET" ? [] : [csrf])];
  return {
    summary,
    operationId: `${method.toLowerCase()}${route.path.replaceAll(/[^a-zA-Z0-9]+/g, "_")}`,
    "x-least-role": least,
    security: isOpen ? [] : [{ token: [] }],
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterOf) }),
    ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
    responses: {
      "2XX": { description: answer.help, content: { [answer.type]: {} } },
      default: {
        description: "what is wrong",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}

function parameterOf({ name, in: place, help, choices, kind = "string" }: RouteParameter): Json {
  const schema = choices === undefined ? { type: kind } : { type: kind, enum: choices };
  return { name, in: place, required: place === "path", description: help, schema };
}

function bodyOf({ form, fields }: NonNullable<Route["body"]>): Json {
  const schema = objectOf(fields);
  const isRequired = Object.values(fields).some((field) => field.isRequired === true);
  return { required: isRequired, content: { [mediaTypes[form]]: { schema } } };
}

function objectOf(fields: Readonly<Record<string, BodyField>>): Json {
  const entries = Object.entries(fields);
  const required = entries.filter(([, field]) => field.isRequired === true).map(([name]) => name);
  const properties = Object.fromEntries(entries.map(([name, field]) => [name, fieldOf(field)]));
  return { type: "object", required, properties };
}

function fieldOf({ kind, help, choices, entry = {} }: BodyField): Json {
  // A schema without a type takes anything.
  if (kind === "value") return { description: help };
  if (kind === "objects") {
    return { type: "array", description: help, items: objectOf(entry) };
  }
  return { type: kind, description: help, ...(choices === undefined ? {} : { enum: choices }) };
}

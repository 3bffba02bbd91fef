/** The tokens of programs: listed, made, forgotten. */
import { quote } from "../../core/errors.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import type { Appliance } from "../appliance.ts";
import { numberIn, textIn } from "../../services/event-fields.ts";
import { parseRole, roles } from "../roles.ts";
import type { Route } from "../route.ts";

const data = (help: string): Route["answer"] => ({ type: "application/json", help });

export function tokenRoutes(appliance: Appliance): readonly Route[] {
  const { tokens } = appliance;
  return [
    {
      method: "GET",
      path: "/api/v1/tokens",
      least: "admin",
      kind: "api",
      summary: "Tokens of programs, without their secrets.",
      answer: data("`tokens`: a list"),
      handle: () => jsonAnswer({ tokens: tokens.list() }),
    },
    createRoute(appliance),
    deleteRoute(appliance),
  ];
}

function createRoute({ tokens }: Appliance): Route {
  return {
    method: "POST",
    path: "/api/v1/tokens",
    least: "admin",
    kind: "api",
    action: "token create",
    summary: "Makes a token; its secret is shown this once.",
    body: {
      form: "json",
      fields: {
        name: { kind: "string", help: "what it is for", isRequired: true },
        role: { kind: "string", help: "what it may do", isRequired: true, choices: roles },
        days: { kind: "number", help: "how long it is valid; without it for ever" },
      },
    },
    answer: data("the token and its `secret`"),
    async handle({ body }) {
      const role = parseRole(body["role"]);
      if (role === undefined)
        throw new RequestError(400, "there is no such role", { hint: roles.join(", ") });
      const days = numberIn(body, "days");
      const { token, secret } = await tokens.create({ name: textIn(body, "name"), role, days });
      return jsonAnswer({ ...token, secret }, 201);
    },
  };
}

function deleteRoute({ access, tokens, streams }: Appliance): Route {
  return {
    method: "DELETE",
    path: "/api/v1/tokens/{token}",
    least: "admin",
    kind: "api",
    action: "token delete",
    summary: "Forgets a token; who logged in by it is logged out.",
    parameters: [{ name: "token", in: "path", help: "id of the token" }],
    answer: data("`removed`: its id"),
    async handle({ params: { token = "" } }) {
      if (!(await tokens.remove(token))) {
        throw new RequestError(404, `there is no token ${quote(token)}`, {
          hint: "/api/v1/tokens lists them",
        });
      }
      access.forgetToken(token);
      streams.recheck();
      return jsonAnswer({ removed: token });
    },
  };
}

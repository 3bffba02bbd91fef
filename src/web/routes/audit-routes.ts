/** Who did what, from where, and what became of it. */
import { jsonAnswer, RequestError } from "../answers.ts";
import type { Appliance } from "../appliance.ts";
import type { AuditQuery } from "../audit-trail.ts";
import type { Route } from "../route.ts";

const maxLimit = 500;
const usualLimit = 50;
const maxFilterCharacters = 200;

export function auditRoutes({ audit }: Appliance): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/audit",
      least: "admin",
      kind: "api",
      summary: "What was changed or tried, the latest first.",
      parameters: [
        { name: "who", in: "query", help: "only what this one did" },
        { name: "action", in: "query", help: "only this action" },
        { name: "before", in: "query", kind: "integer", help: "only entries older than this id" },
        { name: "limit", in: "query", kind: "integer", help: `at most ${maxLimit}` },
      ],
      answer: { type: "application/json", help: "`entries`: a list" },
      handle: ({ url }) => jsonAnswer({ entries: audit.list(auditQueryOf(url)) }),
    },
  ];
}

/** Throws a RequestError(400). */
export function auditQueryOf({ searchParams }: URL): AuditQuery {
  const [who, action] = ["who", "action"].map((name) => searchParams.get(name) ?? "");
  if ([who, action].some((text) => (text?.length ?? 0) > maxFilterCharacters)) {
    throw new RequestError(400, "the filter is too long");
  }
  return {
    who,
    action,
    before: integerOf(searchParams, "before"),
    limit: Math.min(integerOf(searchParams, "limit") ?? usualLimit, maxLimit),
  };
}

function integerOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? "";
  if (text === "") return undefined;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new RequestError(400, `the parameter ${name} must be a whole number above 0`);
}

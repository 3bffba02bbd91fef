/** Finds the route of a request; pure. */
import type { Route } from "./route.ts";

export type RouteMatch =
  | {
      readonly kind: "found";
      readonly route: Route;
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly kind: "wrong-method"; readonly allowed: readonly string[] }
  | { readonly kind: "unknown" };

interface Compiled {
  readonly route: Route;
  readonly parts: readonly string[];
}

/** A part with a name in braces, which takes any text that is not empty. */
const parameterForm = /^\{(\w+)\}$/;

export class Router {
  readonly #compiled: readonly Compiled[];

  constructor(routes: readonly Route[]) {
    this.#compiled = routes.map((route) => ({ route, parts: route.path.split("/") }));
  }

  /** `path` as it came, still encoded. */
  find(method: string, path: string): RouteMatch {
    const given = decodeParts(path);
    if (given === undefined) return { kind: "unknown" };
    const wanted = method === "HEAD" ? "GET" : method;
    const allowed = new Set<string>();
    for (const { route, parts } of this.#compiled) {
      const params = matchParts(parts, given);
      if (params === undefined) continue;
      if (route.method === wanted) return { kind: "found", route, params };
      allowed.add(route.method);
      if (route.method === "GET") allowed.add("HEAD");
    }
    return allowed.size === 0
      ? { kind: "unknown" }
      : { kind: "wrong-method", allowed: [...allowed] };
  }
}

/** Undefined when it is not encoded as a path may be. */
function decodeParts(path: string): readonly string[] | undefined {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function matchParts(
  parts: readonly string[],
  given: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (parts.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const text = given[index] ?? "";
    const name = parameterForm.exec(part)?.[1];
    if (name === undefined) {
      if (part !== text) return undefined;
    } else if (text === "") return undefined;
    else params[name] = text;
  }
  return params;
}

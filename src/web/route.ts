/** What a route is: the table of them is what the router serves and what the OpenAPI document describes. */
import type { LeastRole, Principal } from "./roles.ts";

export interface WebRequest {
  readonly request: Request;
  readonly url: URL;
  /** What stands in place of `{name}` in the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Fields of the body, or none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Undefined on routes that are open to anybody, when nobody logged in. */
  readonly principal: Principal | undefined;
  /** Of the peer, without port. */
  readonly address: string;
}

export interface RouteParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly help: string;
  readonly choices?: readonly string[];
  readonly kind?: "integer" | "string";
}

export interface BodyField {
  /** `objects`: a list of them; `value`: text, number, boolean, list of texts, or null. */
  readonly kind: "string" | "boolean" | "number" | "objects" | "value";
  /** What each of the `objects` holds. */
  readonly entry?: Readonly<Record<string, BodyField>>;
  readonly help: string;
  readonly isRequired?: boolean;
  readonly choices?: readonly string[];
}

export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** `/api/v1/services/{service}`: a name in braces stands for one part. */
  readonly path: string;
  readonly least: LeastRole;
  /** One sentence for people. */
  readonly summary: string;
  /** Pages answer with HTML and lead to the login; the others answer with data. */
  readonly kind: "api" | "page";
  /** What the audit log calls it; without it nothing is changed by it. */
  readonly action?: string;
  /** Names for the audit log besides those in the path, and no values. */
  readonly subject?: (body: Readonly<Record<string, unknown>>) => string;
  readonly parameters?: readonly RouteParameter[];
  readonly body?: {
    /** A `form` comes from a page without its script. */
    readonly form: "json" | "form";
    readonly fields: Readonly<Record<string, BodyField>>;
  };
  /** Content type of the answer and what is in it. */
  readonly answer: { readonly type: string; readonly help: string };
  /** The login: it proves itself by a token in its form, since nobody has logged in yet. */
  readonly provesItself?: boolean;
  /** May throw a RequestError or a WildfireError. */
  handle(request: WebRequest): Response | Promise<Response>;
}

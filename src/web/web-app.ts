/** From a request to its answer: host, route, role, intent, body, handler, audit, headers; in this order. */
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Access } from "./access.ts";
import type { Deed } from "./audit-trail.ts";
import {
  errorAnswer,
  isUnforeseen,
  pageAnswer,
  redirect,
  RequestError,
  requestErrorOf,
} from "./answers.ts";
import { errorPage } from "./pages/error-page.ts";
import { readBody } from "./request-body.ts";
import { isAtLeast, type Principal } from "./roles.ts";
import type { Route, WebRequest } from "./route.ts";
import { Router } from "./router.ts";
import { addSecurityHeaders } from "./security-headers.ts";

export interface WebAppOptions {
  readonly routes: readonly Route[];
  readonly access: Access;
  readonly log: Logger;
  /** Of each change that was asked for. */
  readonly onDeed?: (deed: Deed) => void;
  /** Of each answer. */
  readonly onAnswer: (status: number) => void;
}

/** Of what a stranger may have written into an address, and of what somebody who is known changed. */
const maxTargetCharacters = { stranger: 100, known: 1000 };

interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export class WebApp {
  readonly #options: WebAppOptions;
  readonly #router: Router;

  constructor(options: WebAppOptions) {
    this.#options = options;
    this.#router = new Router(options.routes);
  }

  /** Never throws. `address`: of the peer, without port. */
  async answer(request: Request, address: string): Promise<Response> {
    const response = addSecurityHeaders(await this.#answer(request, address));
    this.#options.onAnswer(response.status);
    return response;
  }

  async #answer(request: Request, address: string): Promise<Response> {
    // Without a usable Host header there is no whole address.
    const url = URL.parse(request.url);
    if (url === null) return errorAnswer(new RequestError(400, "the address is not usable"));
    const { access } = this.#options;
    let isPage = false;
    try {
      access.requireHost(request.headers);
      const found = this.#find(request.method, url.pathname);
      isPage = found.route.kind === "page";
      return await this.#serve(found, { request, url, address });
    } catch (error) {
      if (isUnforeseen(error)) this.#complain(error);
      const problem = requestErrorOf(error);
      if (!isPage) return errorAnswer(problem);
      if (problem.status === 401) return toLogin(url);
      return pageAnswer(errorPage(problem), problem.status);
    }
  }

  #find(method: string, path: string): Found {
    const match = this.#router.find(method, path);
    if (match.kind === "found") return match;
    if (match.kind === "unknown") {
      throw new RequestError(404, "there is nothing under this address", {
        hint: "/api/v1/openapi.json lists what there is",
      });
    }
    const allow = match.allowed.join(", ");
    throw new RequestError(405, `this address takes ${allow}`, { headers: { allow } });
  }

  async #serve(
    { route, params }: Found,
    { request, url, address }: Pick<WebRequest, "request" | "url" | "address">,
  ): Promise<Response> {
    const { access } = this.#options;
    const principal = access.identify(request.headers);
    let status = 500;
    let subject = "";
    let actor = principal;
    try {
      access.requireRole(route, principal);
      access.requireIntent(request, route, principal);
      const body = await readBody(request, route);
      subject = route.subject?.(body) ?? "";
      const response = await route.handle({ request, url, params, body, principal, address });
      status = response.status;
      actor ??= access.identifyAnswer(response.headers);
      return response;
    } catch (error) {
      status = requestErrorOf(error).status;
      throw error;
    } finally {
      this.#audit({ route, params }, { principal: actor, address, status, subject });
    }
  }

  #audit({ route, params }: Found, { principal, address, status, subject }: Outcome): void {
    if (route.action === undefined) return;
    // Nobody who may not even come in did anything; without end they would fill the log with it.
    if (principal === undefined && status < 400) return;
    const max = maxTargetCharacters[principal === undefined ? "stranger" : "known"];
    const deed = {
      action: route.action,
      target: shortened([...Object.values(params), subject].join(" ").trim(), max),
      who: principal?.name ?? "nobody",
      role: principal?.role ?? "none",
      by: principal?.by ?? "none",
    };
    this.#options.log.info("audit", { ...deed, from: address, status });
    const isForViewers = isAtLeast("viewer", route.least);
    this.#options.onDeed?.({ ...deed, address, status, isForViewers });
  }

  #complain(error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    this.#options.log.error("a request failed unexpectedly", {
      reason: describeError(error),
      stack,
    });
  }
}

interface Outcome {
  readonly principal: Principal | undefined;
  readonly address: string;
  readonly status: number;
  /** What the route names of the body. */
  readonly subject: string;
}

function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`;
}

function toLogin({ pathname, search }: URL): Response {
  const next = pathname + search;
  return redirect(next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`);
}

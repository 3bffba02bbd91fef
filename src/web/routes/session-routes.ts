/** Logging in and out, and who one is. */
import type { Appliance } from "../appliance.ts";
import { jsonAnswer, pageAnswer, redirect } from "../answers.ts";
import { sessionCookie } from "../cookies.ts";
import { textIn } from "../live/event-fields.ts";
import { loginPage } from "../pages/login-page.ts";
import { safePath } from "../request-origin.ts";
import type { Route, WebRequest } from "../route.ts";

export function sessionRoutes(appliance: Appliance): readonly Route[] {
  return [...loginRoutes(appliance), logoutRoute(appliance), sessionRoute];
}

const page = { type: "text/html", help: "a page" } as const;

function loginRoutes(appliance: Appliance): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/login",
      least: "nobody",
      kind: "page",
      summary: "The login.",
      answer: page,
      handle({ url, principal }) {
        const next = safePath(url.searchParams.get("next"));
        if (principal !== undefined) return redirect(next);
        return answerLogin(appliance, { next, problem: undefined, status: 200 });
      },
    },
    {
      method: "POST",
      path: "/login",
      least: "nobody",
      kind: "page",
      action: "log in",
      provesItself: true,
      summary: "Opens a session with the password, or with a token and its role.",
      body: {
        form: "form",
        fields: {
          csrf: { kind: "string", help: "from the form" },
          password: { kind: "string", help: "password or token", isRequired: true },
          next: { kind: "string", help: "path to go to" },
        },
      },
      answer: page,
      handle: (request) => logIn(appliance, request),
    },
  ];
}

function logoutRoute({ access, streams }: Appliance): Route {
  return {
    method: "POST",
    path: "/logout",
    least: "nobody",
    kind: "page",
    action: "log out",
    provesItself: true,
    summary: "Ends the session.",
    body: { form: "form", fields: { csrf: { kind: "string", help: "from the form" } } },
    answer: page,
    handle({ request, principal, body }) {
      if (principal?.by !== "session") return redirect("/login");
      access.requireCsrfToken(textIn(body, "csrf"), principal);
      access.logOut(request.headers);
      streams.recheck();
      return redirect("/login", { "set-cookie": sessionCookie(undefined, access.isSecure) });
    },
  };
}

const sessionRoute: Route = {
  method: "GET",
  path: "/api/v1/session",
  least: "viewer",
  kind: "api",
  summary: "Who one is, and the CSRF token that pages send along.",
  answer: { type: "application/json", help: "name, role, csrf" },
  handle({ principal }) {
    const { name, role, csrfToken } = principal ?? {};
    return jsonAnswer({ name, role, csrf: csrfToken ?? null });
  },
};

async function logIn(appliance: Appliance, { body, address }: WebRequest): Promise<Response> {
  const { access } = appliance;
  const next = safePath(textIn(body, "next"));
  // What stands in the form of somebody who was logged in is as good.
  access.requireCsrfToken(textIn(body, "csrf"), undefined);
  const verdict = await access.logIn(textIn(body, "password").trim(), address);
  switch (verdict.kind) {
    case "open": {
      const cookie = sessionCookie(verdict.sessionId, access.isSecure);
      return redirect(next, { "set-cookie": cookie });
    }
    case "wrong":
      return answerLogin(appliance, { next, problem: "That is not the password.", status: 401 });
    case "wait": {
      const seconds = Math.ceil(verdict.waitMs / 1000);
      const problem = `Too many tries: wait ${seconds} s, then try again.`;
      const response = answerLogin(appliance, { next, problem, status: 429 });
      response.headers.set("retry-after", String(seconds));
      return response;
    }
  }
}

interface LoginAnswer {
  readonly next: string;
  readonly problem: string | undefined;
  readonly status: number;
}

function answerLogin({ access }: Appliance, { next, problem, status }: LoginAnswer): Response {
  return pageAnswer(loginPage({ csrfToken: access.loginFormToken, next, problem }), status);
}

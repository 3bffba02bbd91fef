/** Logging in and out, and who one is. */
import type { Appliance } from "../appliance.ts";
import { jsonAnswer, pageAnswer, redirect, RequestError } from "../answers.ts";
import { sessionCookie } from "../cookies.ts";
import { textIn } from "../../services/event-fields.ts";
import { loginPage } from "../pages/login-page.ts";
import { PasswordCheck } from "../password-check.ts";
import { safePath } from "../request-origin.ts";
import type { Route, WebRequest } from "../route.ts";

export function sessionRoutes(appliance: Appliance): readonly Route[] {
  return [
    ...loginRoutes(appliance),
    logoutRoute(appliance),
    sessionRoute,
    ...othersRoutes(appliance),
    passwordRoute(appliance),
  ];
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

function othersRoutes({ access, streams }: Appliance): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/sessions",
      least: "admin",
      kind: "api",
      summary: "Who is logged in with a browser.",
      answer: { type: "application/json", help: "`sessions`: a list; `own`: id of one's own" },
      handle: ({ request }) =>
        jsonAnswer({
          sessions: access.listSessions().map(({ sinceMs, usedMs, ...session }) => ({
            ...session,
            since: new Date(sinceMs).toISOString(),
            used: new Date(usedMs).toISOString(),
          })),
          own: access.ownSessionId(request.headers) ?? null,
        }),
    },
    {
      method: "DELETE",
      path: "/api/v1/sessions/{session}",
      least: "admin",
      kind: "api",
      action: "session end",
      summary: "Logs somebody out.",
      parameters: [{ name: "session", in: "path", help: "id of the session" }],
      answer: { type: "application/json", help: "`ended`: its id" },
      handle({ params: { session = "" } }) {
        if (!access.endSession(session)) {
          throw new RequestError(404, "there is no such session", {
            hint: "it has ended meanwhile: reload the page",
          });
        }
        streams.recheck();
        return jsonAnswer({ ended: session });
      },
    },
  ];
}

function passwordRoute(appliance: Appliance): Route {
  return {
    method: "POST",
    path: "/api/v1/password",
    least: "admin",
    kind: "api",
    action: "password change",
    summary: "Changes the password of the page; everybody else is logged out.",
    body: {
      form: "json",
      fields: {
        old: { kind: "string", help: "the password so far, where one is set" },
        new: { kind: "string", help: "at least 8 characters", isRequired: true },
      },
    },
    answer: { type: "application/json", help: "`message` for people" },
    handle: (request) => changePassword(appliance, request),
  };
}

async function changePassword(
  { access, settings, streams }: Appliance,
  { request, body, address }: WebRequest,
): Promise<Response> {
  if (access.hasPassword) {
    const verdict = await access.checkPassword(textIn(body, "old"), address);
    if (verdict === "wait") {
      throw new RequestError(429, "too many tries", { hint: "wait some seconds" });
    }
    if (verdict !== "right") throw new RequestError(403, "that is not the password so far");
  }
  const value = textIn(body, "new");
  const check = PasswordCheck.from(await PasswordCheck.hash(value));
  const change = { changes: [], secrets: [{ name: passwordSecret, value }] };
  const outcome = await settings.change(change);
  if (outcome.kind === "refused") {
    const [problem] = outcome.problems;
    throw new RequestError(409, problem?.message ?? "the password was not taken", {
      hint: problem?.hint ?? "",
    });
  }
  if (check !== undefined) access.usePassword(check, request.headers);
  streams.recheck();
  const after = outcome.restartsPage ? " The page starts again: log in anew in a moment." : "";
  return jsonAnswer({ message: `The password was changed.${after}` });
}

/** Its hash is kept. */
const passwordSecret = "web-password";

async function logIn(
  appliance: Appliance,
  { request, body, address }: WebRequest,
): Promise<Response> {
  const { access } = appliance;
  const next = safePath(textIn(body, "next"));
  // What stands in the form of somebody who was logged in is as good.
  access.requireCsrfToken(textIn(body, "csrf"), undefined);
  const verdict = await access.logIn(textIn(body, "password"), address);
  switch (verdict.kind) {
    case "open": {
      // What the browser had before is of no use any more.
      access.logOut(request.headers);
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

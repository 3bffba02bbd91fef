/** Who makes a request and whether they may: host, session or token, role, origin and CSRF token. */
import type { Clock } from "../core/clock.ts";
import { RequestError } from "./answers.ts";
import type { ApiToken, ApiTokens } from "./api-tokens.ts";
import { readSessionCookies } from "./cookies.ts";
import { LoginLimit } from "./login-limit.ts";
import { passwordVariable, type PasswordCheck } from "./password-check.ts";
import { isLocalHost, isLoopback, originProblem } from "./request-origin.ts";
import { isAtLeast, type Principal } from "./roles.ts";
import type { Route } from "./route.ts";
import { isSameSecret, newSecret, type RandomBytes } from "./secret-tokens.ts";
import { type Session, Sessions, type SessionView } from "./sessions.ts";

export interface AccessOptions {
  readonly bind: string;
  /** Served by TLS. */
  readonly isSecure: boolean;
  /** Undefined where none is set, which is possible on loopback only. */
  readonly password: PasswordCheck | undefined;
  readonly tokens: ApiTokens;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** A login that was let in, or why not. */
export type LoginVerdict =
  | { readonly kind: "open"; readonly sessionId: string; readonly name: string }
  | { readonly kind: "wrong" }
  | { readonly kind: "wait"; readonly waitMs: number };

export const csrfHeader = "x-csrf-token";
const busyWaitMs = 2000;
const unsafeMethods: readonly string[] = ["POST", "PUT", "PATCH", "DELETE"];

export class Access {
  readonly #options: AccessOptions;
  readonly #sessions: Sessions;
  readonly #limit: LoginLimit;
  /** Of pages on this machine, where no password is set. */
  readonly #localCsrfToken: string;
  #password: PasswordCheck | undefined;

  constructor(options: AccessOptions) {
    const { clock, randomBytes } = options;
    this.#options = options;
    this.#sessions = new Sessions({ clock, randomBytes });
    this.#limit = new LoginLimit(clock);
    this.#localCsrfToken = newSecret(randomBytes);
    this.#password = options.password;
  }

  get hasPassword(): boolean {
    return this.#password !== undefined;
  }

  get isSecure(): boolean {
    return this.#options.isSecure;
  }

  get sessions(): number {
    return this.#sessions.count;
  }

  /** For the form of the login, before anybody has a session. */
  get loginFormToken(): string {
    return this.#localCsrfToken;
  }

  /** Throws a RequestError(421) for a name that is not this machine's. */
  requireHost(headers: Headers): void {
    const { bind } = this.#options;
    const host = headers.get("host") ?? "";
    if (!isLoopback(bind) || isLocalHost(host, bind)) return;
    throw new RequestError(421, "this page is served to this machine only", {
      hint: "open it as http://localhost, or set a password and bind it to an address",
    });
  }

  /** Undefined when nobody has logged in. */
  identify(headers: Headers): Principal | undefined {
    const { tokens } = this.#options;
    const bearer = bearerOf(headers);
    if (bearer !== undefined) return principalOf(tokens.find(bearer));
    const id = this.#sessionId(headers);
    const session = id === undefined ? undefined : this.#sessions.find(id);
    if (session !== undefined) {
      const { name, role, csrfToken } = session;
      return { name, role, by: "session", csrfToken };
    }
    if (this.hasPassword) return undefined;
    return { name: "local", role: "admin", by: "local", csrfToken: this.#localCsrfToken };
  }

  /** Who has just been let in, by the cookie that the answer to the login gives; undefined for others. */
  identifyAnswer(answer: Headers): Principal | undefined {
    const [cookie = ""] = (answer.get("set-cookie") ?? "").split(";");
    const [id] = readSessionCookies(new Headers({ cookie }), this.isSecure);
    const session = id === undefined ? undefined : this.#sessions.peek(id);
    if (session === undefined) return undefined;
    const { name, role, csrfToken } = session;
    return { name, role, by: "session", csrfToken };
  }

  /** Whether who was let in may stay, as on a stream that goes on; it is no use of a session. */
  mayStay(headers: Headers): boolean {
    const bearer = bearerOf(headers);
    if (bearer !== undefined) return this.#options.tokens.find(bearer) !== undefined;
    return !this.hasPassword || this.#sessionId(headers) !== undefined;
  }

  /** Throws a RequestError with 401 or 403. */
  requireRole(route: Route, principal: Principal | undefined): void {
    if (route.least === "nobody") return;
    if (principal === undefined) {
      throw new RequestError(401, "log in first", {
        hint: "programs send `Authorization: Bearer` and a token",
        headers: { "www-authenticate": "Bearer" },
      });
    }
    if (isAtLeast(principal.role, route.least)) return;
    throw new RequestError(
      403,
      `this needs the role ${route.least}, and yours is ${principal.role}`,
      {
        hint: "log in as somebody else",
      },
    );
  }

  /** Throws a RequestError(403) for a change that no page of ours and no token asked for. */
  requireIntent(request: Request, route: Route, principal: Principal | undefined): void {
    const isUnsafe = unsafeMethods.includes(request.method);
    // A page of another site may open a web socket, and browsers send our cookie along.
    const isUpgrade = request.headers.has("upgrade");
    if ((!isUnsafe && !isUpgrade) || principal?.by === "token") return;
    const problem = originProblem(request.headers, this.isSecure);
    if (problem !== undefined) throw new RequestError(403, `the request is refused: ${problem}`);
    if (route.provesItself === true || !isUnsafe) return;
    this.requireCsrfToken(request.headers.get(csrfHeader) ?? "", principal);
  }

  /** `given` from a header or from a form. */
  requireCsrfToken(given: string, principal: Principal | undefined): void {
    const expected = principal?.csrfToken ?? this.#localCsrfToken;
    if (isSameSecret(given, expected)) return;
    throw new RequestError(403, "the request carries no valid CSRF token", {
      hint: `reload the page; programs read it from /api/v1/session and send it as ${csrfHeader}`,
    });
  }

  /** `secret`: the password as it was typed, or a token, which opens a session with its role. */
  async logIn(secret: string, address: string): Promise<LoginVerdict> {
    const waitMs = this.#limit.admit(address);
    if (waitMs > 0) return { kind: "wait", waitMs };
    const token = this.#options.tokens.find(secret.trim());
    const isPassword = token === undefined && (await this.#isPassword(secret));
    if (isPassword === undefined && this.hasPassword) return { kind: "wait", waitMs: busyWaitMs };
    if (token === undefined && isPassword !== true) return { kind: "wrong" };
    this.#limit.succeeded(address);
    const { name, role, id: tokenId } = token ?? { name: "password", role: "admin", id: undefined };
    const sessionId = this.#sessions.open({ name, role, tokenId, address });
    return { kind: "open", name, sessionId };
  }

  /** Whether that is the password; tries count as those of the login do. */
  async checkPassword(secret: string, address: string): Promise<"right" | LoginVerdict["kind"]> {
    if (this.#limit.admit(address) > 0) return "wait";
    const isRight = await this.#isPassword(secret);
    if (isRight === undefined) return "wait";
    if (!isRight) return "wrong";
    this.#limit.succeeded(address);
    return "right";
  }

  /** From now on that one counts, and whoever logged in by the old one is logged out; returns how many. */
  usePassword(password: PasswordCheck, keep: Headers): number {
    this.#password = password;
    return this.#sessions.closeOthers(this.#sessionId(keep));
  }

  logOut(headers: Headers): void {
    for (const id of readSessionCookies(headers, this.isSecure)) this.#sessions.close(id);
  }

  /** Who is logged in, the latest used first. */
  listSessions(): readonly SessionView[] {
    return this.#sessions.list();
  }

  /** By the id of the list; false when there is none. */
  endSession(shownId: string): boolean {
    return this.#sessions.end(shownId);
  }

  /** Of the session of that request, as the list names it. */
  ownSessionId(headers: Headers): string | undefined {
    const id = this.#sessionId(headers);
    return id === undefined ? undefined : this.#sessions.shownId(id);
  }

  /** A token is gone, and with it who logged in by it. */
  forgetToken(tokenId: string): void {
    this.#sessions.closeOf(tokenId);
  }

  /** Undefined when none is set, or too many wait; one that was changed while it was compared is wrong. */
  async #isPassword(secret: string): Promise<boolean | undefined> {
    const check = this.#password;
    const isRight = await check?.verify(secret);
    return check === this.#password ? isRight : false;
  }

  /** The first that is open; a session ends with the token that opened it. */
  #sessionId(headers: Headers): string | undefined {
    return readSessionCookies(headers, this.isSecure).find((id) => {
      const session = this.#sessions.peek(id);
      return session !== undefined && this.#isValid(session);
    });
  }

  #isValid({ tokenId }: Session): boolean {
    return tokenId === undefined || this.#options.tokens.isValid(tokenId);
  }
}

/** Where to find the hash, for whoever set no password. */
export const passwordHint = `set a password with \`wildfire setup\`, or its argon2id hash in ${passwordVariable}`;

/** Undefined when none is sent. */
function bearerOf(headers: Headers): string | undefined {
  return /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

function principalOf(token: ApiToken | undefined): Principal | undefined {
  if (token === undefined) return undefined;
  return { name: token.name, role: token.role, by: "token", csrfToken: undefined };
}

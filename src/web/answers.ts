/** What the server answers, in the forms that all routes share. */
import { type ErrorCode, WildfireError } from "../core/errors.ts";
import type { Html } from "./html.ts";

/** What is wrong with a request: the status, one sentence, and what to do about it. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  readonly hint: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    { hint = "", headers = {} }: { hint?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.headers = headers;
  }
}

export function jsonAnswer(value: unknown, status = 200): Response {
  return Response.json(value, { status });
}

export function pageAnswer(page: Html, status = 200): Response {
  return new Response(`<!doctype html>\n${page.text}`, {
    status,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}

/** The browser fetches the other page with GET. */
export function redirect(path: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { ...headers, location: path } });
}

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage: 400,
  config: 400,
  state: 409,
  timeout: 504,
  socket: 502,
};

/** Anything that was thrown, as a request that went wrong; what we did not foresee stays unsaid. */
export function requestErrorOf(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof WildfireError) {
    return new RequestError(statuses[error.code] ?? 500, error.message, { hint: error.hint ?? "" });
  }
  return new RequestError(500, "the request failed unexpectedly", {
    hint: "see the log of the web service",
  });
}

/** The text of the log where the answer says less. */
export function isUnforeseen(error: unknown): boolean {
  return !(error instanceof RequestError) && !(error instanceof WildfireError);
}

export function errorAnswer(error: RequestError): Response {
  const { status, message, hint, headers } = error;
  return Response.json({ error: message, hint }, { status, headers });
}

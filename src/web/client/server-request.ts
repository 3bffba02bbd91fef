/** Requests that change or try something: with the token of the session, and what the server says is wrong. */
import { type Fields, parseFields, textOf } from "./fields.ts";

export interface SendOptions {
  /** POST unless given. */
  readonly method?: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** Rejects when the server cannot be reached. */
export async function send(path: string, options: SendOptions = {}): Promise<Response> {
  const { method = "POST", body, signal = null } = options;
  // Asked for each time: a server that was started again has another one.
  const session = parseFields(await (await fetch("/api/v1/session", { signal })).text());
  const token = { "x-csrf-token": textOf(session, "csrf") };
  if (body === undefined) return await fetch(path, { method, headers: token, signal });
  const headers = { ...token, "content-type": "application/json" };
  return await fetch(path, { method, headers, body: JSON.stringify(body), signal });
}

interface JsonAnswer {
  readonly isOk: boolean;
  readonly status: number;
  readonly answer: Fields;
}

export async function sendForJson(path: string, options: SendOptions = {}): Promise<JsonAnswer> {
  const response = await send(path, options);
  const answer = parseFields(await response.text());
  return { isOk: response.ok, status: response.status, answer };
}

/** What is wrong and what to do, in one line. */
export function refusal(answer: Fields, status: number): string {
  const problem = textOf(answer, "error") || `the server answered ${status}`;
  return [problem, textOf(answer, "hint")].filter((text) => text !== "").join("; ");
}

/** Sends one webhook to one receiver, and says what became of it; never throws, never waits for ever. */
import type { Clock } from "../core/clock.ts";
import { errnoOf } from "../core/errno.ts";
import { describeError } from "../core/errors.ts";
import { explainTlsFailure, isCertificateProblem } from "../tls-failure.ts";
import { signWebhook } from "./webhook-signature.ts";

export interface WebhookPost {
  readonly url: string;
  readonly key: Uint8Array;
  readonly id: string;
  readonly body: string;
}

export type PostOutcome =
  | { readonly kind: "delivered"; readonly status: number; readonly tookMs: number }
  /** The receiver wants no more: it answered 410. */
  | { readonly kind: "gone"; readonly status: number; readonly tookMs: number }
  | {
      readonly kind: "failed";
      readonly status: number | undefined;
      readonly tookMs: number;
      /** What went wrong and what to do, in a sentence. */
      readonly problem: string;
    };

const answerLimitMs = 10_000;
/** Of an answer, which nobody reads. */
const maxAnswerBytes = 16 * 1024;
const maxReasonCharacters = 200;

/** `stop` ends it early; then it counts as failed. */
export async function postWebhook(
  post: WebhookPost,
  clock: Clock,
  stop: AbortSignal,
): Promise<PostOutcome> {
  const startedMs = clock.nowMs();
  const late = new AbortController();
  const timer = clock.after(answerLimitMs, () => late.abort());
  try {
    const response = await fetch(plainUrl(post.url), {
      method: "POST",
      headers: headersOf(post, clock),
      body: post.body,
      redirect: "manual",
      signal: AbortSignal.any([late.signal, stop]),
    });
    await readAway(response);
    const tookMs = Math.round(clock.nowMs() - startedMs);
    return judge(response, tookMs);
  } catch (error) {
    const tookMs = Math.round(clock.nowMs() - startedMs);
    const problem = late.signal.aborted ? lateText : connectionProblem(error, post.url);
    return { kind: "failed", status: undefined, tookMs, problem };
  } finally {
    timer.cancel();
  }
}

const lateText = `it did not answer within ${answerLimitMs / 1000} s; it should answer first and work afterwards`;

function headersOf({ url, key, id, body }: WebhookPost, clock: Clock): Record<string, string> {
  const timestampS = Math.floor(clock.wallMs() / 1000);
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "user-agent": "wildfire-webhooks",
    "webhook-id": id,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": signWebhook(key, { id, timestampS, body }),
  };
  const { username, password } = new URL(url);
  if (username !== "" || password !== "") {
    const login = `${unescaped(username)}:${unescaped(password)}`;
    headers["authorization"] = `Basic ${Buffer.from(login).toString("base64")}`;
  }
  return headers;
}

/** A `%` that escapes nothing stands for itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A login goes into a header. */
function plainUrl(url: string): string {
  const plain = new URL(url);
  plain.username = "";
  plain.password = "";
  plain.hash = "";
  return plain.href;
}

/** So that the connection can be used again; a long answer is cut off. */
async function readAway(response: Response): Promise<void> {
  const body: AsyncIterable<Uint8Array> | null = response.body;
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) return;
  }
}

function judge({ status, headers }: Response, tookMs: number): PostOutcome {
  if (status >= 200 && status < 300) return { kind: "delivered", status, tookMs };
  if (status === 410) return { kind: "gone", status, tookMs };
  return { kind: "failed", status, tookMs, problem: statusProblem(status, headers) };
}

const cures: Readonly<Record<number, string>> = {
  400: "it does not understand what is sent: look at its own log",
  401: "it does not accept the signature or wants a login: compare the secret on both sides",
  403: "it does not accept the signature or wants a login: compare the secret on both sides",
  404: "there is nothing under this address: check its path",
  405: "this address takes no POST: check its path",
  413: "the message is too large for it: raise its limit",
  415: "it does not take JSON: look at its own settings",
  429: "it is asked too often: raise its limit, or let fewer kinds be sent",
};

function statusProblem(status: number, headers: Headers): string {
  if (status >= 300 && status < 400) {
    const target = URL.parse(headers.get("location") ?? "")?.origin;
    const where = target === undefined ? "" : ` to ${target}`;
    return `it answered ${status}, a redirect${where}, which is not followed: configure the final address`;
  }
  const cure =
    cures[status] ?? (status >= 500 ? "look at its own log" : "look at its documentation");
  return `it answered ${status}: ${cure}`;
}

const words: Readonly<Record<string, string>> = {
  ConnectionRefused: "nothing listens at this address: start the receiver, or check the port",
  ECONNREFUSED: "nothing listens at this address: start the receiver, or check the port",
  ConnectionClosed: "it closed the connection without an answer: look at its own log",
  ECONNRESET: "it closed the connection without an answer: look at its own log",
  FailedToOpenSocket: "it cannot be reached: check host name, port and network",
  ENOTFOUND: "its host name is not known: check its spelling and the name server",
  EHOSTUNREACH: "its host cannot be reached: check the network",
  ENETUNREACH: "its network cannot be reached: check the network",
};

function connectionProblem(error: unknown, url: string): string {
  const known = words[errnoOf(error)];
  if (known !== undefined) return known;
  if (error instanceof Error && isCertificateProblem(error)) {
    const { reason, hint } = explainTlsFailure(error, new URL(url).hostname);
    if (reason !== undefined) return [reason, hint].filter((text) => text !== undefined).join(": ");
  }
  return `it cannot be reached: ${describeError(error).slice(0, maxReasonCharacters)}`;
}

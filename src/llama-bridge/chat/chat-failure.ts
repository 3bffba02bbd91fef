/** Why a chat server gave no answer, as one line for people: what it said, and what to do; pure. */
import { quote } from "../../core/errors.ts";
import { fieldOf, textOf } from "./loose-json.ts";

export type ChatFailureKind =
  /** Nobody answers at that address. */
  | "unreachable"
  | "timeout"
  /** The connection ended in mid-answer. */
  | "broken"
  /** The server says no: status, or an error object in the stream. */
  | "refused"
  /** The model is still being read. */
  | "loading"
  | "overloaded"
  /** The conversation is longer than the model can take. */
  | "too-long"
  /** What came is no answer of the convention. */
  | "not-an-answer";

export interface ChatFailure {
  readonly kind: ChatFailureKind;
  /** One line, safe to log: it holds no key and nothing that was asked. */
  readonly message: string;
  readonly hint: string;
  readonly status?: number;
  /** When the server says that it may be asked again. */
  readonly retryAfterMs?: number;
}

/** What is needed to name a server in a message, and to keep out of it what it must not repeat. */
export interface ServerName {
  /** Host and port. */
  readonly host: string;
  readonly model: string;
  readonly key?: string | undefined;
  /** Prompts and words of the caller, which some servers quote in their complaints. */
  readonly asked: readonly string[];
}

/** More of a server's words than this says nothing new. */
const quotedChars = 200;
const maxRetryAfterMs = 3_600_000;

/** One line that quotes the server; the key is taken out, and what was asked ends it. */
export function quoteServer(text: string, { key, asked }: ServerName): string {
  const withoutWords = asked.reduce(cutBeforeWords, text);
  const hidden =
    key === undefined || key === "" ? withoutWords : withoutWords.replaceAll(key, "[key]");
  // oxlint-disable-next-line no-control-regex -- control characters are what must not reach a terminal
  return quote(hidden.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " "), quotedChars);
}

/** Servers may shorten what they repeat, so that its beginning must be enough to know it. */
const knownWordsChars = 24;
/** Anything shorter may stand in a message by chance. */
const leastWordsChars = 4;

function cutBeforeWords(text: string, words: string): string {
  const start = words.trim().slice(0, knownWordsChars);
  if (start.length < leastWordsChars) return text;
  const places = [start, JSON.stringify(start).slice(1, -1)].map((form) => text.indexOf(form));
  const at = Math.min(...places.filter((place) => place >= 0));
  return Number.isFinite(at) ? `${text.slice(0, at)}[what was asked]` : text;
}

export interface RefusedResponse {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | null;
  readonly wallMs: number;
}

/** A response with another status than 2xx. */
export function failureOfStatus(response: RefusedResponse, server: ServerName): ChatFailure {
  const { status, body } = response;
  const said = serverMessage(body);
  const kind = kindOfRefusal(status, said, body);
  const words = said === "" ? "" : `: ${quoteServer(said, server)}`;
  const retryAfterMs = parseRetryAfter(response.retryAfter, response.wallMs);
  return {
    kind,
    status,
    message: `the chat server at ${server.host} answered ${status}${words}`,
    hint: hintForRefusal({ kind, status, retryAfterMs }, server),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** An error object in the middle of a stream. */
export function failureInStream(error: unknown, server: ServerName): ChatFailure {
  const said = messageOf(error);
  const code = fieldOf(error, "code");
  const status = typeof code === "number" && code >= 400 && code < 600 ? code : 500;
  const type = textOf(fieldOf(error, "type"));
  const kind = kindOfRefusal(status, said, type);
  const words = said === "" ? "" : `: ${quoteServer(said, server)}`;
  return {
    kind,
    message: `the chat server at ${server.host} reported an error in its answer${words}`,
    hint: hintForRefusal({ kind, status, retryAfterMs: undefined }, server),
  };
}

/** What the server says in its body: the forms of OpenAI, llama-server, Ollama, vLLM and plain text. */
function serverMessage(body: string): string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return looksLikePage(body) ? "" : body.trim();
  }
  return messageOf(fieldOf(json, "error") ?? json);
}

/** No deeper than real servers nest, since depth costs stack. */
const maxNesting = 3;

function messageOf(error: unknown, nesting = 0): string {
  if (typeof error === "string") return error;
  for (const name of ["message", "detail", "error", "msg"]) {
    const words = fieldOf(error, name);
    if (typeof words === "string" && words !== "") return words;
    if (typeof words === "object" && nesting < maxNesting) return messageOf(words, nesting + 1);
  }
  return "";
}

function looksLikePage(body: string): boolean {
  return /^\s*<(!doctype|html)/i.test(body);
}

function kindOfRefusal(status: number, said: string, body: string): ChatFailureKind {
  if (status === 429) return "overloaded";
  if (status === 503) return /loading/i.test(said) ? "loading" : "overloaded";
  const isTooLong = /exceed_context_size|context_length_exceeded/.test(body);
  if (isTooLong || /context (size|length|window)|maximum context/i.test(said)) return "too-long";
  return "refused";
}

interface Refusal {
  readonly kind: ChatFailureKind;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
}

function hintForRefusal({ kind, status, retryAfterMs }: Refusal, server: ServerName): string {
  if (kind === "loading") return "wait until it has read its model";
  if (kind === "too-long") return "start the server with more context or lower the token budget";
  if (kind === "overloaded") return hintForOverload(retryAfterMs);
  if (status === 401 || status === 403) {
    return server.key === undefined
      ? "set the server's key in WILDFIRE_LLAMA_KEY"
      : "check the key in WILDFIRE_LLAMA_KEY";
  }
  if (status === 404) {
    return `check that the server has the model ${quote(server.model)} and speaks the OpenAI convention at this address`;
  }
  if (status >= 300 && status < 400) return "configure the address to which the server points";
  if (status >= 500) return "look into the server's own log";
  return "check model and settings of the request";
}

function hintForOverload(retryAfterMs: number | undefined): string {
  if (retryAfterMs === undefined) return "give the server more slots or fewer calls";
  return `the server wants ${Math.ceil(retryAfterMs / 1000)} s of rest: give it more slots or fewer calls`;
}

/** Seconds or a date (RFC 9110 section 10.2.3); at most an hour is believed. */
export function parseRetryAfter(value: string | null, wallMs: number): number | undefined {
  if (value === null) return undefined;
  const words = value.trim();
  const isSeconds = /^\d{1,9}$/.test(words);
  const ms = isSeconds ? Number(words) * 1000 : Date.parse(words) - wallMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), maxRetryAfterMs) : undefined;
}

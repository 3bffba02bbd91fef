/** How a chat server is reached and how long it may take: defaults, and the check at start. */
import type { Clock } from "../../core/clock.ts";
import { quote, WildfireError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";

/** All in milliseconds. */
export interface ChatTimeLimits {
  /** Until a connection to the server is possible. */
  readonly connectMs: number;
  /** From asking to the first piece of the answer. */
  readonly firstTokenMs: number;
  readonly betweenTokensMs: number;
  readonly wholeAnswerMs: number;
}

export const defaultTimeLimits: ChatTimeLimits = {
  connectMs: 3000,
  firstTokenMs: 20_000,
  betweenTokensMs: 10_000,
  wholeAnswerMs: 120_000,
};

export interface ChatClientOptions {
  /** With or without `/v1` or `/v1/chat/completions` at its end. */
  readonly url: string;
  readonly model: string;
  /** Goes into the Authorization header and nowhere else. */
  readonly key?: string | undefined;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  readonly maxTokens?: number | undefined;
  /** At most four are kept, as the convention has it. */
  readonly stop?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly limits?: Partial<ChatTimeLimits> | undefined;
  /** Characters of one answer: what is longer ends here. */
  readonly maxAnswerChars?: number | undefined;
  /** A proxy stands between, so that only the proxy can be reached directly: the connect limit rests. */
  readonly isProxied?: boolean | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export const defaultMaxAnswerChars = 20_000;

const endpointPath = "/chat/completions";

/** The address of the one endpoint; throws a WildfireError("config") that quotes what is wrong. */
export function chatEndpoint(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["http:", "https:"].includes(parsed.protocol)) {
    throw new WildfireError("config", `the chat server's address ${quote(url)} is no web address`, {
      hint: "write it like http://127.0.0.1:8080",
    });
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new WildfireError("config", "the chat server's address holds a user name or password", {
      hint: "take it out and pass the key in WILDFIRE_LLAMA_KEY",
    });
  }
  parsed.hash = "";
  const path = parsed.pathname.replace(/\/+$/, "");
  parsed.pathname = path.endsWith(endpointPath) ? path : `${withVersion(path)}${endpointPath}`;
  return parsed;
}

/** `/v1` where the path has no version; some servers have their own, such as `/api/v3`. */
function withVersion(path: string): string {
  return /\/v\d+(beta\d*)?$/.test(path) ? path : `${path}/v1`;
}

/** Throws a WildfireError("config") for a key that cannot stand in a header, without showing it. */
export function checkKey(key: string): void {
  if (/^[\x21-\x7e]+$/.test(key)) return;
  throw new WildfireError(
    "config",
    "the chat server's key holds a space or a character of no key",
    {
      hint: "look for a line break or quotation marks around it",
    },
  );
}

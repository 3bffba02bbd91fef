/** What a failed request or a missed time limit means, in words; pure. */
import { formatErrno } from "../../core/errno.ts";
import type { ChatFailure, ServerName } from "./chat-failure.ts";
import { quoteServer } from "./chat-failure.ts";

/** `fetch` failed, or reading its response did. */
export function failureOfNetwork(
  errno: string,
  server: ServerName,
  hasAnswered: boolean,
): ChatFailure {
  const code = /^[A-Z][A-Z0-9_]+$/.test(errno) ? formatErrno(errno) : quoteServer(errno, server);
  if (hasAnswered) {
    return {
      kind: "broken",
      message: `the chat server at ${server.host} broke off in mid-answer: ${code}`,
      hint: "look into the server's own log: it may have been restarted or run out of memory",
    };
  }
  return {
    kind: "unreachable",
    message: `the chat server at ${server.host} cannot be reached: ${code}`,
    hint: hintForErrno(errno),
  };
}

function hintForErrno(errno: string): string {
  if (errno === "ECONNREFUSED") return "start it, or check its address and port";
  if (errno === "ENOTFOUND" || errno === "EAI_AGAIN") return "check the name of the host";
  if (errno.includes("CERT") || errno.includes("SIGNATURE")) {
    return "give the server a certificate that this machine trusts, or use http:// on loopback";
  }
  return "check its address and look into its log";
}

export type MissedLimit = "connect" | "first-token" | "between-tokens" | "whole-answer";

const missedWords: Readonly<Record<MissedLimit, { readonly what: string; readonly hint: string }>> =
  {
    connect: {
      what: "accepted no connection",
      hint: "check its address and the firewall between",
    },
    "first-token": {
      what: "sent nothing of an answer",
      hint: "give it fewer calls or a smaller model, or raise the limit",
    },
    "between-tokens": { what: "fell silent in mid-answer", hint: "look into the server's own log" },
    "whole-answer": {
      what: "did not come to an end of its answer",
      hint: "limit the length of answers or use a faster model",
    },
  };

export function failureOfLimit(
  limit: MissedLimit,
  limitMs: number,
  server: ServerName,
): ChatFailure {
  const { what, hint } = missedWords[limit];
  return {
    kind: limit === "connect" ? "unreachable" : "timeout",
    message: `the chat server at ${server.host} ${what} within ${limitMs / 1000} s`,
    hint,
  };
}

/** What came is no answer, whatever the status says. */
export function failureOfContent(reason: string, server: ServerName): ChatFailure {
  return {
    kind: "not-an-answer",
    message: `the chat server at ${server.host} sent ${quoteServer(reason, server)}`,
    hint: "check that the address is one of the OpenAI convention, such as http://127.0.0.1:8080/v1",
  };
}

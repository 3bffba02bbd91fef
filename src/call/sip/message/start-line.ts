/** The first line: of a request, of a response, or of something that is not SIP (RFC 3261 section 7). */
import { quote } from "../../../core/errors.ts";
import { consistsOf, tokenCharacters } from "./character-sets.ts";
import { trimSpace } from "./field-reader.ts";
import { maxUriLength } from "./sip-limits.ts";
import type { AnyUri } from "./sip-message.ts";
import { malformed, SipProblem } from "./sip-problem.ts";
import { isSafeText } from "./text-safety.ts";
import { parseUri } from "./uri.ts";

export interface RequestLine {
  readonly kind: "request";
  readonly method: string;
  /** A problem when the request can only be refused, for which its headers are needed. */
  readonly uri: AnyUri | SipProblem;
}

export interface StatusLine {
  readonly kind: "response";
  readonly status: number;
  readonly reason: string;
}

const version = /^SIP\/(\d+\.\d+)$/i;
const statusLine = /^SIP\/2\.0 +([1-6]\d\d)(?: (.*))?$/i;

/** Spaces where one would do, or behind the line, are taken: they can mean nothing else. */
export function parseStartLine(line: string): RequestLine | StatusLine | SipProblem {
  return /^sip\//i.test(line) ? parseStatusLine(line) : parseRequestLine(trimSpace(line));
}

function parseStatusLine(line: string): StatusLine | SipProblem {
  const [, code, reason = ""] = statusLine.exec(line) ?? [];
  if (code === undefined || !isSafeText(reason)) return malformed("status line", line);
  return { kind: "response", status: Number(code), reason: trimSpace(reason) };
}

function parseRequestLine(line: string): RequestLine | SipProblem {
  const methodEnd = line.indexOf(" ");
  const uriEnd = line.lastIndexOf(" ");
  const method = line.slice(0, Math.max(methodEnd, 0));
  const spokenVersion = version.exec(line.slice(uriEnd + 1))?.[1];
  if (spokenVersion === undefined || !consistsOf(method, tokenCharacters)) {
    return new SipProblem(400, `not SIP: ${quote(line)}`);
  }
  const uri = readRequestUri(trimSpace(line.slice(methodEnd, uriEnd)), spokenVersion);
  return { kind: "request", method, uri };
}

function readRequestUri(text: string, spokenVersion: string): AnyUri | SipProblem {
  if (spokenVersion !== "2.0") return new SipProblem(505, `version is not 2.0: ${spokenVersion}`);
  if (text.length > maxUriLength) {
    return new SipProblem(414, `Request-URI is longer than ${maxUriLength}: ${quote(text)}`);
  }
  const uri = parseUri(text);
  if (uri === undefined) return malformed("Request-URI", text);
  const hasHeaders = "headers" in uri && uri.headers !== undefined;
  return hasHeaders ? malformed("Request-URI with headers", text) : uri;
}

/** Bytes of a datagram, or of a message cut out of a stream, as a SIP message (RFC 3261 section 7). */
import { isUtf8 } from "node:buffer";
import { quote } from "../../../core/errors.ts";
import { tokenCharacters } from "./character-sets.ts";
import { readHeaderBlock, type HeaderBlock } from "./header-block.ts";
import {
  checkBranch,
  readCallId,
  readContacts,
  readContentLength,
  readCSeq,
  readMaxForwards,
  readParty,
  readRoutes,
  readVias,
} from "./message-fields.ts";
import { findHeadEnd, type HeadEnd } from "./message-head.ts";
import { refusalResponse } from "./refusal-response.ts";
import { maxMessageBytes } from "./sip-limits.ts";
import type { SipMessage, SipMessageParts, SipRequest, SipResponse } from "./sip-message.ts";
import { SipProblem } from "./sip-problem.ts";
import { parseStartLine, type RequestLine, type StatusLine } from "./start-line.ts";

export type ParsedSip =
  | { readonly kind: "message"; readonly message: SipMessage }
  | {
      readonly kind: "refused";
      /** One line that quotes the offending part: it may hold a number or name, so log it as private. */
      readonly problem: string;
      /** What to send back, when the request could be read well enough for its sender to know it. */
      readonly response?: SipResponse;
    }
  | { readonly kind: "keep-alive" };

const keepAlive: ParsedSip = { kind: "keep-alive" };
const noBody = new Uint8Array(0);
const lineFeed = 0x0a;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

/** Never throws, and shares nothing with `bytes`. */
export function parseSipMessage(bytes: Uint8Array): ParsedSip {
  const start = skipKeepAlive(bytes);
  if (start === bytes.length) return keepAlive;
  const lineEnd = bytes.indexOf(lineFeed, start);
  if (tokenCharacters[bytes[start] ?? 0] !== 1 || lineEnd < 0) return refuse(notSip(bytes, start));
  const startLine = parseStartLine(decode(bytes.subarray(start, withoutReturn(bytes, lineEnd))));
  if (startLine instanceof SipProblem) return refuse(startLine);

  const headEnd = findHeadEnd(bytes, lineEnd);
  const block = readHeaderBlock(decode(bytes.subarray(lineEnd + 1, headEnd.headersEnd)));
  const message = readMessage(startLine, block, readBody(bytes, block, headEnd));
  if (!(message instanceof SipProblem)) return { kind: "message", message };
  return refuse(message, refusalResponse(startLine, block, message));
}

function refuse(problem: SipProblem, response?: SipResponse): ParsedSip {
  if (response === undefined) return { kind: "refused", problem: problem.text };
  return { kind: "refused", problem: problem.text, response };
}

function notSip(bytes: Uint8Array, start: number): SipProblem {
  return new SipProblem(400, `not SIP: ${quote(latin1.decode(bytes.subarray(start, start + 41)))}`);
}

/** Some proxies keep a way through NAT open with zero bytes instead of line ends. */
function skipKeepAlive(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === 0x0d || bytes[at] === lineFeed || bytes[at] === 0) at += 1;
  return at;
}

function withoutReturn(bytes: Uint8Array, lineEnd: number): number {
  return bytes[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd;
}

/** Old PBXs send names in Latin-1: what is no UTF-8 is read as that. */
function decode(bytes: Uint8Array): string {
  return isUtf8(bytes) ? utf8.decode(bytes) : latin1.decode(bytes);
}

function readBody(
  bytes: Uint8Array,
  block: HeaderBlock,
  { bodyStart, problem }: HeadEnd,
): Uint8Array | SipProblem {
  if (bytes.length > maxMessageBytes) {
    return new SipProblem(
      413,
      `a message of ${bytes.length} bytes is longer than ${maxMessageBytes}`,
    );
  }
  if (problem !== undefined) return problem;
  const came = bytes.length - bodyStart;
  const announced = readContentLength(block.structured);
  if (announced instanceof SipProblem) return announced;
  const length = announced ?? came;
  if (length > came) {
    return new SipProblem(400, `Content-Length is ${length}, but ${came} bytes came`);
  }
  // Not slice(), which gives a view when the bytes are a Buffer.
  return length === 0 ? noBody : new Uint8Array(bytes.subarray(bodyStart, bodyStart + length));
}

function readMessage(
  startLine: RequestLine | StatusLine,
  block: HeaderBlock,
  body: Uint8Array | SipProblem,
): SipMessage | SipProblem {
  if (startLine.kind === "request" && startLine.uri instanceof SipProblem) return startLine.uri;
  const parts = readParts(block, body);
  if (parts instanceof SipProblem) return parts;
  return startLine.kind === "response"
    ? { ...startLine, ...parts }
    : readRequest(startLine, block, parts);
}

function readParts(
  { structured, others, problem }: HeaderBlock,
  body: Uint8Array | SipProblem,
): SipMessageParts | SipProblem {
  if (body instanceof SipProblem) return body;
  if (problem !== undefined) return problem;
  const via = readVias(structured);
  if (via instanceof SipProblem) return via;
  const from = readParty(structured, "From");
  if (from instanceof SipProblem) return from;
  const to = readParty(structured, "To");
  if (to instanceof SipProblem) return to;
  const callId = readCallId(structured);
  if (callId instanceof SipProblem) return callId;
  const cseq = readCSeq(structured);
  if (cseq instanceof SipProblem) return cseq;
  const contacts = readContacts(structured);
  if (contacts instanceof SipProblem) return contacts;
  const recordRoutes = readRoutes(structured, "Record-Route");
  if (recordRoutes instanceof SipProblem) return recordRoutes;
  return { via, from, to, callId, cseq, contacts, recordRoutes, headers: others, body };
}

function readRequest(
  { method, uri }: RequestLine,
  { structured }: HeaderBlock,
  parts: SipMessageParts,
): SipRequest | SipProblem {
  if (uri instanceof SipProblem) return uri;
  if (parts.cseq.method !== method) {
    const methods = `${quote(parts.cseq.method)} in a ${quote(method)}`;
    return new SipProblem(400, `CSeq has another method: ${methods}`);
  }
  const branchProblem = checkBranch(parts.via);
  if (branchProblem !== undefined) return branchProblem;
  const routes = readRoutes(structured, "Route");
  if (routes instanceof SipProblem) return routes;
  const maxForwards = readMaxForwards(structured);
  if (maxForwards instanceof SipProblem) return maxForwards;
  return { kind: "request", method, uri, routes, maxForwards, ...parts };
}

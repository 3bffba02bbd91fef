/** SIP messages as bytes: one line for each value, never folded, Content-Length always. */
import { WildfireError, quote } from "../../../core/errors.ts";
import { visibleCharacters } from "./character-sets.ts";
import { isStructuredName, usualHeaderName } from "./header-names.ts";
import { formatNameAddress } from "./name-address.ts";
import type { SipHeader, SipMessage, SipRequest, SipResponse } from "./sip-message.ts";
import { checkedText, checkedToken, safeText } from "./text-safety.ts";
import { formatUri } from "./uri.ts";
import { formatVia } from "./via.ts";

const encoder = new TextEncoder();

/** Throws when a value could break out of its header, which is a mistake of the caller. */
export function serialiseSip(message: SipMessage): Uint8Array {
  const head = encoder.encode(formatHead(message));
  if (message.body.length === 0) return head;
  const bytes = new Uint8Array(head.length + message.body.length);
  bytes.set(head);
  bytes.set(message.body, head.length);
  return bytes;
}

function formatHead(message: SipMessage): string {
  let head = message.kind === "request" ? requestLine(message) : statusLine(message);
  for (const via of message.via) head += `Via: ${formatVia(via)}\r\n`;
  if (message.kind === "request") head += routingLines(message);
  for (const route of message.recordRoutes) head += `Record-Route: ${formatNameAddress(route)}\r\n`;
  head += `From: ${formatNameAddress(message.from)}\r\n`;
  head += `To: ${formatNameAddress(message.to)}\r\n`;
  head += `Call-ID: ${checkedText(message.callId, "Call-ID", visibleCharacters)}\r\n`;
  head += `CSeq: ${wholeNumber(message.cseq.number)} ${checkedToken(message.cseq.method, "method")}\r\n`;
  head += contactLines(message);
  for (const header of message.headers) head += headerLine(header);
  return `${head}Content-Length: ${message.body.length}\r\n\r\n`;
}

function requestLine({ method, uri }: SipRequest): string {
  return `${checkedToken(method, "method")} ${formatUri(uri)} SIP/2.0\r\n`;
}

function statusLine({ status, reason }: SipResponse): string {
  if (Number.isInteger(status) && status >= 100 && status <= 699) {
    return `SIP/2.0 ${status} ${safeText(reason, "reason")}\r\n`;
  }
  throw new WildfireError("state", `${status} is no SIP status, which is 100..699`);
}

function routingLines({ routes, maxForwards }: SipRequest): string {
  let lines = "";
  for (const route of routes) lines += `Route: ${formatNameAddress(route)}\r\n`;
  if (maxForwards !== undefined) lines += `Max-Forwards: ${wholeNumber(maxForwards)}\r\n`;
  return lines;
}

function contactLines({ contacts }: SipMessage): string {
  if (contacts === "*") return "Contact: *\r\n";
  let lines = "";
  for (const contact of contacts) lines += `Contact: ${formatNameAddress(contact)}\r\n`;
  return lines;
}

function headerLine({ name, value }: SipHeader): string {
  if (isStructuredName(usualHeaderName(name))) {
    throw new WildfireError("state", `header ${quote(name)} has a field of its own in a message`);
  }
  return `${checkedToken(name, "header name")}: ${safeText(value, name)}\r\n`;
}

function wholeNumber(value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new WildfireError("state", `${value} is no whole number for a SIP message`);
}

/** Why a peer ends or refuses a call, in words: its Reason header (RFC 3326), or Warning (RFC 3261 20.43). */
import { headerValue, headerValues, type SipMessageParts } from "../message/sip-message.ts";

/** The causes of Q.850 that lines really see. */
const q850: Readonly<Record<number, string>> = {
  1: "unallocated number",
  3: "no route to destination",
  16: "normal call clearing",
  17: "user busy",
  18: "no user responding",
  19: "no answer",
  20: "subscriber absent",
  21: "call rejected",
  22: "number changed",
  26: "answered elsewhere",
  27: "destination out of order",
  28: "invalid number format",
  31: "normal",
  34: "no circuit available",
  38: "network out of order",
  41: "temporary failure",
  42: "congestion",
  47: "no resource available",
  58: "bearer capability not available",
  88: "incompatible destination",
  102: "recovery on timer expiry",
  127: "interworking",
};

const longestReason = 120;

/** One line, or "" when the peer does not say. */
export function reasonOf(message: SipMessageParts): string {
  for (const value of headerValues(message, "Reason")) {
    const text = quotedParameter(value, "text");
    if (text !== "") return text;
    const cause = Number(/;\s*cause\s*=\s*"?(\d{1,3})/i.exec(value)?.[1]);
    const protocol = /^\s*([\w.-]+)/.exec(value)?.[1] ?? "";
    if (Number.isNaN(cause)) continue;
    const words = protocol.toUpperCase() === "Q.850" ? q850[cause] : undefined;
    return words ?? `${protocol} cause ${cause}`;
  }
  return "";
}

/** What a refusal says beyond its status: the text of its Reason or of its Warning. */
export function refusalReason(message: SipMessageParts & { readonly reason: string }): string {
  const detail = reasonOf(message) || warningOf(message);
  if (detail === "" || detail.toLowerCase() === message.reason.toLowerCase()) return message.reason;
  return `${message.reason}: ${detail}`;
}

function warningOf(message: SipMessageParts): string {
  const text = /^\s*\d{3}\s+\S+\s+"((?:[^"\\]|\\.)*)"/.exec(headerValue(message, "Warning") ?? "");
  return plain(text?.[1]);
}

function quotedParameter(value: string, name: string): string {
  const quoted = new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;,"]+))`, "i");
  const match = quoted.exec(value);
  return plain(match?.[1] ?? match?.[2]);
}

function plain(text: string | undefined): string {
  return (text ?? "").replaceAll(/\\(.)/g, "$1").trim().slice(0, longestReason);
}

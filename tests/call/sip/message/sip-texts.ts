/** SIP messages for tests: an ordinary one, and the same with some lines changed. */
import { parseSipMessage } from "../../../../src/call/sip/message/parse-sip-message.ts";
import type {
  SipMessage,
  SipRequest,
  SipResponse,
} from "../../../../src/call/sip/message/sip-message.ts";

const encoder = new TextEncoder();

/** Lines with CRLF behind each; the empty line and the body are the caller's. */
export function sipBytes(...lines: readonly string[]): Uint8Array {
  return encoder.encode(lines.map((line) => `${line}\r\n`).join(""));
}

const ordinaryLines = {
  start: "OPTIONS sip:100@pbx.example.com SIP/2.0",
  via: "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport",
  maxForwards: "Max-Forwards: 70",
  from: 'From: "Alice" <sip:alice@example.com>;tag=1928',
  to: "To: <sip:100@pbx.example.com>",
  callId: "Call-ID: a84b4c76e66710@192.0.2.1",
  cseq: "CSeq: 63104 OPTIONS",
};

/** The ordinary OPTIONS with other lines in place of some, without those that are "", and more. */
export function optionsRequest(
  changed: Readonly<Partial<Record<keyof typeof ordinaryLines, string>>>,
  ...more: readonly string[]
): Uint8Array {
  const lines: readonly string[] = Object.values({ ...ordinaryLines, ...changed });
  return sipBytes(...lines.filter((line) => line !== ""), ...more, "");
}

export function readMessage(bytes: Uint8Array): SipMessage {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind === "message") return parsed.message;
  throw new Error(parsed.kind === "refused" ? parsed.problem : parsed.kind);
}

export function readRequest(bytes: Uint8Array): SipRequest {
  const message = readMessage(bytes);
  if (message.kind === "request") return message;
  throw new Error("a response");
}

export function readResponse(bytes: Uint8Array): SipResponse {
  const message = readMessage(bytes);
  if (message.kind === "response") return message;
  throw new Error("a request");
}

/** The problem, and the status that goes back for it. */
export function readRefusal(bytes: Uint8Array): { problem: string; status: number | undefined } {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind !== "refused") throw new Error(`not refused: ${parsed.kind}`);
  return { problem: parsed.problem, status: parsed.response?.status };
}

import { expect, test } from "bun:test";
import { descriptionIn } from "../../../../src/call/sip/user-agent/sdp-body.ts";
import type { SipMessageParts } from "../../../../src/call/sip/message/sip-message.ts";
import { addressOf } from "./two-agents.ts";

const sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\n";

function message(type: string | undefined, body: string): SipMessageParts {
  const party = addressOf("alice", "test.example", undefined);
  return {
    via: [],
    from: party,
    to: party,
    callId: "1",
    cseq: { number: 1, method: "INVITE" },
    contacts: [],
    recordRoutes: [],
    headers: type === undefined ? [] : [{ name: "Content-Type", value: type }],
    body: new Uint8Array(Buffer.from(body, "latin1")),
  };
}

function described(type: string | undefined, body: string): string {
  const found = descriptionIn(message(type, body));
  return found.kind === "description" ? Buffer.from(found.bytes).toString("latin1") : found.kind;
}

const isup = "--b\r\nContent-Type: application/isup;version=x\r\n\r\n\x01\x10\xff\r\n";
const part = `--b\r\nContent-Type: application/sdp\r\nContent-Disposition: session\r\n\r\n${sdp}\r\n`;

test.each<[string, string | undefined, string, string]>([
  ["plain", "application/sdp", sdp, sdp],
  ["with parameters", "Application/SDP; charset=utf-8", sdp, sdp],
  ["without a type, as some gateways send it", undefined, sdp, sdp],
  ["without a type and without a description", undefined, "hello", "other"],
  ["none", "application/sdp", "", "none"],
  ["of another type", "application/isup", sdp, "other"],
  ["as the second of two parts", "multipart/mixed;boundary=b", `${isup}${part}--b--\r\n`, sdp],
  ["as the first part", 'multipart/mixed; boundary="b"', `${part}${isup}--b--`, sdp],
  ["behind a preamble", "multipart/related;boundary=b", `hello\r\n${part}--b--`, sdp],
  ["in no part", "multipart/mixed;boundary=b", `${isup}--b--\r\n`, "other"],
  ["in parts without a boundary", "multipart/mixed", part, "other"],
  ["behind the last part", "multipart/mixed;boundary=b", `${isup}--b--\r\n${part}`, "other"],
  ["in a part without headers", "multipart/mixed;boundary=b", `--b\r\n\r\n${sdp}--b--`, "other"],
  ["among far too many parts", "multipart/mixed;boundary=b", isup.repeat(500) + part, "other"],
])("a description %s", (_name, type, body, expected) => {
  expect(described(type, body)).toBe(expected);
});

test("a part with line feeds alone is read", () => {
  const body = `--b\nContent-Type: application/sdp\n\nv=0\no=x\n--b--`;
  expect(described("multipart/mixed;boundary=b", body)).toBe("v=0\no=x");
});

import { describe, expect, test } from "bun:test";
import { WildfireError } from "../../../../src/core/errors.ts";
import { createResponse } from "../../../../src/call/sip/message/create-response.ts";
import { reasonPhrase } from "../../../../src/call/sip/message/reason-phrases.ts";
import { serialiseSip } from "../../../../src/call/sip/message/serialise-sip.ts";
import type { SipMessage } from "../../../../src/call/sip/message/sip-message.ts";
import { optionsRequest, readMessage, readRequest } from "./sip-texts.ts";

function written(message: SipMessage): readonly string[] {
  return new TextDecoder().decode(serialiseSip(message)).split("\r\n");
}

const request = readRequest(
  optionsRequest(
    {},
    "Via: SIP/2.0/TCP proxy.example.com;branch=z9hG4bKdef;received=192.0.2.9",
    "Record-Route: <sip:p1;lr>, <sip:p2;lr>",
    "Route: <sip:r1;lr>",
    "Contact: <sip:alice@192.0.2.1>",
    "Timestamp: 54",
    "Supported: timer",
  ),
);

test("a request is one line for each value, Via first, Content-Length last", () => {
  const body = new TextEncoder().encode("v=0\r\n");
  const headers = [{ name: "Content-Type", value: "application/sdp" }];
  expect(written({ ...request, headers, body })).toEqual([
    "OPTIONS sip:100@pbx.example.com SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport",
    "Via: SIP/2.0/TCP proxy.example.com;branch=z9hG4bKdef;received=192.0.2.9",
    "Route: <sip:r1;lr>",
    "Max-Forwards: 70",
    "Record-Route: <sip:p1;lr>",
    "Record-Route: <sip:p2;lr>",
    'From: "Alice" <sip:alice@example.com>;tag=1928',
    "To: <sip:100@pbx.example.com>",
    "Call-ID: a84b4c76e66710@192.0.2.1",
    "CSeq: 63104 OPTIONS",
    "Contact: <sip:alice@192.0.2.1>",
    "Content-Type: application/sdp",
    "Content-Length: 5",
    "",
    "v=0",
    "",
  ]);
});

test("what was written is read as the same message", () => {
  const body = Uint8Array.from([0, 255, 13, 10]);
  const messages: readonly SipMessage[] = [
    request,
    { ...request, contacts: "*", body },
    { ...request, maxForwards: undefined, routes: [] },
    createResponse(request, 200, { body, contacts: [request.from], headers: request.headers }),
  ];
  for (const message of messages) expect(readMessage(serialiseSip(message))).toEqual(message);
});

describe("no value can start another header", () => {
  const crlf = "x\r\nVia: SIP/2.0/UDP evil";
  const via = request.via[0] ?? { transport: "UDP", host: "a", port: 1, parameters: new Map() };
  const rows: readonly (readonly [string, SipMessage])[] = [
    ["method", { ...request, method: crlf }],
    ["method of CSeq", { ...request, cseq: { number: 1, method: crlf } }],
    ["Request-URI", { ...request, uri: { scheme: "other", text: crlf } }],
    ["Call-ID", { ...request, callId: crlf }],
    ["display name", { ...request, from: { ...request.from, displayName: crlf } }],
    ["tag", { ...request, to: { ...request.to, parameters: new Map([["tag", crlf]]) } }],
    ["parameter name", { ...request, to: { ...request.to, parameters: new Map([[crlf, "1"]]) } }],
    ["host of Via", { ...request, via: [{ ...via, host: crlf }] }],
    ["transport of Via", { ...request, via: [{ ...via, transport: crlf }] }],
    ["branch", { ...request, via: [{ ...via, parameters: new Map([["branch", crlf]]) }] }],
    ["header name", { ...request, headers: [{ name: crlf, value: "1" }] }],
    ["header value", { ...request, headers: [{ name: "X", value: crlf }] }],
    ["header value with LF", { ...request, headers: [{ name: "X", value: "1\n2" }] }],
    ["header value with CR", { ...request, headers: [{ name: "X", value: "1\r2" }] }],
    ["header value with a zero byte", { ...request, headers: [{ name: "X", value: "1\0" }] }],
    ["reason", createResponse(request, 200, { reason: crlf })],
  ];
  for (const [name, message] of rows) {
    test(name, () => expect(() => serialiseSip(message)).toThrow(WildfireError));
  }
});

describe("refused as a mistake of the caller", () => {
  const rows: readonly (readonly [string, SipMessage])[] = [
    ["Content-Length by hand", { ...request, headers: [{ name: "content-length", value: "9" }] }],
    ["Via by its compact form", { ...request, headers: [{ name: "v", value: "SIP/2.0/UDP a" }] }],
    ["a status of 99", createResponse(request, 99)],
    ["a status of 700", createResponse(request, 700)],
    ["a CSeq that is no number", { ...request, cseq: { number: Number.NaN, method: "ACK" } }],
    ["half a hop", { ...request, maxForwards: 0.5 }],
    ["an empty Call-ID", { ...request, callId: "" }],
  ];
  for (const [name, message] of rows) {
    test(name, () => expect(() => serialiseSip(message)).toThrow(WildfireError));
  }
});

test("a response has what the request had, and a tag in To", () => {
  expect(written(createResponse(request, 180, { toTag: "77" }))).toEqual([
    "SIP/2.0 180 Ringing",
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport",
    "Via: SIP/2.0/TCP proxy.example.com;branch=z9hG4bKdef;received=192.0.2.9",
    "Record-Route: <sip:p1;lr>",
    "Record-Route: <sip:p2;lr>",
    'From: "Alice" <sip:alice@example.com>;tag=1928',
    "To: <sip:100@pbx.example.com>;tag=77",
    "Call-ID: a84b4c76e66710@192.0.2.1",
    "CSeq: 63104 OPTIONS",
    "Content-Length: 0",
    "",
    "",
  ]);
});

test("a 100 has no tag and no Record-Route, but the Timestamp", () => {
  const trying = createResponse(request, 100, { toTag: "77" });
  expect(trying.to).toEqual(request.to);
  expect(trying.recordRoutes).toEqual([]);
  expect(trying.headers).toEqual([{ name: "Timestamp", value: "54" }]);
});

test("Record-Route goes back in 101..299 only", () => {
  const statuses = [100, 101, 183, 200, 299, 300, 404, 603];
  const withRoutes = statuses.filter(
    (status) => createResponse(request, status).recordRoutes.length > 0,
  );
  expect(withRoutes).toEqual([101, 183, 200, 299]);
});

test("a tag that To has already stays", () => {
  const inDialog = { ...request, to: { ...request.to, parameters: new Map([["tag", "1"]]) } };
  expect(createResponse(inDialog, 200, { toTag: "2" }).to.parameters.get("tag")).toBe("1");
});

test("reasons are the usual words, those of the hundred, or the caller's", () => {
  expect(reasonPhrase(486)).toBe("Busy Here");
  expect(reasonPhrase(499)).toBe("Bad Request");
  expect(reasonPhrase(799)).toBe("Unknown");
  expect(createResponse(request, 603, { reason: "" }).reason).toBe("");
  expect(createResponse(request, 603, { reason: undefined }).reason).toBe("Decline");
});

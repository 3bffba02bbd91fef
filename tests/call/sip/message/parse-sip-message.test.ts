import { describe, expect, test } from "bun:test";
import { parseSipMessage } from "../../../../src/call/sip/message/parse-sip-message.ts";
import { headerValue, headerValues } from "../../../../src/call/sip/message/sip-message.ts";
import {
  optionsRequest,
  readMessage,
  readRefusal,
  readRequest,
  readResponse,
  sipBytes,
} from "./sip-texts.ts";

const encoder = new TextEncoder();

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

test("a request comes in its parts, and the rest as headers under their long names", () => {
  const bytes = optionsRequest(
    {},
    "k: timer",
    "SUBJECT: hi",
    "X-Own:a",
    "Route: <sip:p1;lr>, <sip:p2;lr>",
    "Route: <sip:p3;lr>",
    "Record-Route: <sip:q1;lr>",
    "m: <sip:alice@192.0.2.1>;expires=60",
  );
  const request = readRequest(bytes);
  expect(request).toMatchObject({
    method: "OPTIONS",
    maxForwards: 70,
    callId: "a84b4c76e66710@192.0.2.1",
  });
  expect(request.cseq).toEqual({ number: 63_104, method: "OPTIONS" });
  expect(request.via).toHaveLength(1);
  expect(request.via[0]).toMatchObject({ transport: "UDP", host: "192.0.2.1", port: 5060 });
  expect([...(request.via[0]?.parameters ?? [])]).toEqual([
    ["branch", "z9hG4bKabc"],
    ["rport", undefined],
  ]);
  const hosts = request.routes.map(({ uri }) => ("host" in uri ? uri.host : ""));
  expect(hosts).toEqual(["p1", "p2", "p3"]);
  expect(request.recordRoutes).toHaveLength(1);
  expect(request.contacts).toHaveLength(1);
  expect(request.headers).toEqual([
    { name: "Supported", value: "timer" },
    { name: "Subject", value: "hi" },
    { name: "X-Own", value: "a" },
  ]);
});

test("every compact form is its long name", () => {
  const forms = "a b c d e j k n o r s u x y".split(" ");
  const request = readRequest(
    optionsRequest(
      {
        via: "v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKabc",
        from: "f: <sip:a@b>;tag=1",
        to: "t: <sip:c@d>",
        callId: "i: 1",
      },
      ...forms.map((form) => `${form}: x`),
      "m: *",
      "l: 0",
    ),
  );
  expect(request.contacts).toBe("*");
  expect(request.headers.map(({ name }) => name)).toEqual([
    "Accept-Contact",
    "Referred-By",
    "Content-Type",
    "Request-Disposition",
    "Content-Encoding",
    "Reject-Contact",
    "Supported",
    "Identity-Info",
    "Event",
    "Refer-To",
    "Subject",
    "Allow-Events",
    "Session-Expires",
    "Identity",
  ]);
});

test("values of a header are found by its name in any case", () => {
  const request = readRequest(optionsRequest({}, "Allow: INVITE", "allow: ACK, BYE"));
  expect(headerValue(request, "ALLOW")).toBe("INVITE");
  expect(headerValues(request, "allow")).toEqual(["INVITE", "ACK, BYE"]);
});

test("a response has its status and reason, which may be missing", () => {
  const lines = [
    "Via: SIP/2.0/UDP a",
    "From: <sip:a@b>",
    "To: <sip:a@b>",
    "Call-ID: 1",
    "CSeq: 1 INVITE",
    "",
  ];
  const answer = readResponse(sipBytes("sip/2.0 486 Déjà occupé ", ...lines));
  expect([answer.status, answer.reason]).toEqual([486, "Déjà occupé"]);
  expect(readResponse(sipBytes("SIP/2.0 180", ...lines))).toMatchObject({
    status: 180,
    reason: "",
  });
});

describe("keep-alives are no messages", () => {
  const rows = ["", "\r\n", "\r\n\r\n", "\n", "\0\0\0\0"];
  for (const text of rows) {
    test(JSON.stringify(text), () =>
      expect(parseSipMessage(encoder.encode(text))).toEqual({ kind: "keep-alive" }),
    );
  }
});

test("line ends before the start line are skipped", () => {
  const bytes = joined(encoder.encode("\r\n\r\n"), optionsRequest({}));
  expect(readMessage(bytes)).toEqual(readMessage(optionsRequest({})));
});

test("lines may end with LF alone, mixed with CRLF", () => {
  const bytes = optionsRequest({}, "X-A: 1", " 2");
  const text = new TextDecoder().decode(bytes);
  const expected = readMessage(bytes);
  expect(readMessage(encoder.encode(text.replaceAll("\r\n", "\n")))).toEqual(expected);
  expect(readMessage(encoder.encode(text.replace("\r\n", "\n")))).toEqual(expected);
});

test("folded headers are one line, with one space where they were joined", () => {
  const request = readRequest(
    optionsRequest({ to: "To:\r\n\t<sip:100@pbx.example.com>\r\n  ;tag=1" }, "X-A: 1,  \r\n \t 2"),
  );
  expect(request.to.parameters.get("tag")).toBe("1");
  expect(headerValue(request, "X-A")).toBe("1,   2");
});

test("text that is no UTF-8 is read as Latin-1", () => {
  const latin1 = Uint8Array.from(
    new TextDecoder().decode(optionsRequest({ from: 'From: "M?ller" <sip:a@b>;tag=1' })),
    (character) => (character === "?" ? 0xfc : character.charCodeAt(0)),
  );
  expect(readMessage(latin1).from.displayName).toBe("Müller");
  const utf8 = optionsRequest({ from: 'From: "Müller 👋" <sip:a@b>;tag=1' });
  expect(readMessage(utf8).from.displayName).toBe("Müller 👋");
});

describe("Content-Length", () => {
  const body = encoder.encode("v=0\r\n");
  const length = (value: string) => joined(optionsRequest({}, `Content-Length: ${value}`), body);

  test("says where the body ends, and what is behind it does not count", () => {
    expect(new TextDecoder().decode(readMessage(length("3")).body)).toBe("v=0");
    expect(readMessage(length("0")).body).toHaveLength(0);
  });

  test("may be missing: the body is the rest of the datagram", () => {
    expect(readMessage(joined(optionsRequest({}), body)).body).toEqual(body);
  });

  test("greater than what came is answered with 400", () => {
    expect(readRefusal(length("6"))).toEqual({
      problem: "Content-Length is 6, but 5 bytes came",
      status: 400,
    });
  });

  test("that is no number is answered with 400", () => {
    for (const value of ["", "-1", "+5", "5 5", "0x5", "5.0", "9".repeat(20)]) {
      expect(readRefusal(length(value)).status).toBe(400);
    }
  });
});

test("the body is a copy: the buffer that it came in may be used again", () => {
  const whole = joined(optionsRequest({}), encoder.encode("v=0"));
  for (const bytes of [whole, Buffer.from(whole)]) {
    const { body } = readMessage(bytes);
    bytes.fill(0);
    expect(new TextDecoder().decode(body)).toBe("v=0");
  }
});

test("a datagram that ends behind a header is whole, one that ends within is cut off", () => {
  const whole = optionsRequest({});
  expect(readMessage(whole.subarray(0, -2))).toEqual(readMessage(whole));
  for (const missing of [3, 4, 10]) {
    const { problem } = readRefusal(whole.subarray(0, -missing));
    expect(problem).toBe("the last header is cut off");
  }
});

describe("answered with 400", () => {
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ["two From", optionsRequest({}, "f: <sip:x@y>;tag=2")],
    ["two To", optionsRequest({}, "To: <sip:x@y>")],
    ["two Call-ID", optionsRequest({}, "i: 2")],
    ["two CSeq", optionsRequest({}, "CSeq: 63104 OPTIONS")],
    ["two Max-Forwards", optionsRequest({}, "Max-Forwards: 70")],
    ["two Content-Length, though they agree", optionsRequest({}, "l: 0", "Content-Length: 0")],
    ["two Content-Type", optionsRequest({}, "c: a/b", "Content-Type: a/b")],
    ["two Session-Expires", optionsRequest({}, "x: 90", "Session-Expires: 90")],
    ["another method in CSeq", optionsRequest({ cseq: "CSeq: 1 INVITE" })],
    ["another method in CSeq by its case", optionsRequest({ cseq: "CSeq: 1 options" })],
    ["Max-Forwards of 256", optionsRequest({ maxForwards: "Max-Forwards: 256" })],
    ["negative Max-Forwards", optionsRequest({ maxForwards: "Max-Forwards: -1" })],
    ["a line without colon", optionsRequest({}, "Foobar roobar")],
    ["a header name with a space", optionsRequest({}, "Foo bar: 1")],
    ["a header without name", optionsRequest({}, ": 1")],
    ["a fold of the start line", optionsRequest({ via: " x: y\r\nVia: SIP/2.0/UDP a" })],
    ["a return within a line", optionsRequest({}, "X-A: 1\rVia: x")],
    ["a zero byte", optionsRequest({}, "X-A: 1\0")],
    ["an empty Contact", optionsRequest({}, "Contact:")],
    ["a star among Contacts", optionsRequest({}, "Contact: *", "Contact: <sip:a@b>")],
    ["a bad Route", optionsRequest({}, "Route: sip:")],
    ["a Record-Route without brackets", optionsRequest({}, "Record-Route: sip:a;lr")],
    ["a Request-URI with two @", optionsRequest({ start: "OPTIONS sip:a@b@c SIP/2.0" })],
    ["no Request-URI", optionsRequest({ start: "OPTIONS  SIP/2.0" })],
    ["a display name without end", optionsRequest({ to: 'To: "x <sip:a@b>' })],
  ];
  for (const [name, bytes] of rows) {
    test(name, () => expect(readRefusal(bytes).status).toBe(400));
  }
});

describe("refused without an answer", () => {
  const via = "Via: SIP/2.0/UDP ;branch=z9hG4bK1";
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ["no Via", optionsRequest({ via: "" })],
    ["a Via without host", optionsRequest({ via })],
    ["a second Via without host", optionsRequest({}, via)],
    ["a Via of another protocol", optionsRequest({ via: "Via: HTTP/2.0/UDP a" })],
    ["no From", optionsRequest({ from: "" })],
    ["no To", optionsRequest({ to: "" })],
    ["no Call-ID", optionsRequest({ callId: "" })],
    ["a Call-ID with spaces", optionsRequest({ callId: "Call-ID: a b" })],
    ["no CSeq", optionsRequest({ cseq: "" })],
    ["a CSeq of 2 ** 31", optionsRequest({ cseq: "CSeq: 2147483648 OPTIONS" })],
    ["a CSeq without method", optionsRequest({ cseq: "CSeq: 1" })],
    ["an ACK", optionsRequest({ start: "ACK sip:a SIP/2.0", cseq: "CSeq: 1 INVITE" })],
    ["a broken response", optionsRequest({ start: "SIP/2.0 200 OK", maxForwards: "x" })],
    ["a response of another version", optionsRequest({ start: "SIP/3.0 200 OK" })],
    ["a status of 99", optionsRequest({ start: "SIP/2.0 099 x" })],
    ["a status of 700", optionsRequest({ start: "SIP/2.0 700 x" })],
    ["a status of four digits", optionsRequest({ start: "SIP/2.0 2000 x" })],
    ["a request of HTTP", sipBytes("GET / HTTP/1.1", "Host: a", "")],
    ["a line without end", encoder.encode("OPTIONS sip:a SIP/2.0")],
    ["a STUN binding request", Uint8Array.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 10])],
    ["an RTP packet", Uint8Array.from({ length: 172 }, (_, at) => (at === 0 ? 0x80 : at))],
    ["a method that is no token", optionsRequest({ start: "OPT[IONS sip:a SIP/2.0" })],
  ];
  for (const [name, bytes] of rows) {
    test(name, () => {
      const { problem, status } = readRefusal(bytes);
      expect(status).toBeUndefined();
      expect(problem.length).toBeGreaterThan(0);
      expect(problem).not.toContain("\n");
    });
  }
});

test("other versions are answered with 505 in ours", () => {
  const parsed = parseSipMessage(optionsRequest({ start: "OPTIONS sip:a SIP/3.0" }));
  if (parsed.kind !== "refused") throw new Error("not refused");
  expect(parsed.response).toMatchObject({ status: 505, reason: "Version Not Supported" });
});

test("an answer to what is refused has a tag, the same for the same request", () => {
  const bytes = optionsRequest({ maxForwards: "Max-Forwards: x" });
  const parsed = parseSipMessage(bytes);
  if (parsed.kind !== "refused") throw new Error("not refused");
  const tag = parsed.response?.to.parameters.get("tag");
  expect(tag).toMatch(/^[\da-f]+$/);
  expect(parseSipMessage(bytes)).toEqual(parsed);
  const other = parseSipMessage(optionsRequest({ maxForwards: "", callId: "i: 2" }, "X"));
  if (other.kind !== "refused") throw new Error("not refused");
  expect(other.response?.to.parameters.get("tag")).not.toBe(tag);
});

function repeat(count: number, line: string): readonly string[] {
  return Array.from({ length: count }, () => line);
}

function optionsTo(uriLength: number): Uint8Array {
  return optionsRequest({ start: `OPTIONS sip:${"a".repeat(uriLength - 6)}@b SIP/2.0` });
}

function headerOf(length: number): string {
  return `X-A: ${"a".repeat(length - 5)}`;
}

function toWith(parameters: number): string {
  return `To: <sip:a>${Array.from({ length: parameters }, (_, at) => `;p${at}`).join("")}`;
}

describe("limits", () => {
  test("a message of more than 65,535 bytes is answered with 413", () => {
    const head = optionsRequest({}, "Content-Length: 65535");
    const fits = optionsRequest({}, `Content-Length: ${65_535 - head.length}`);
    expect(readMessage(joined(fits, new Uint8Array(65_535 - fits.length))).body).toHaveLength(
      65_535 - head.length,
    );
    expect(readRefusal(joined(head, new Uint8Array(65_535))).status).toBe(413);
  });

  test("a Request-URI of more than 2,048 characters is answered with 414", () => {
    expect(readRequest(optionsTo(2_048)).uri).toMatchObject({ host: "b" });
    expect(readRefusal(optionsTo(2_049)).status).toBe(414);
  });

  test("a header has 8,192 characters at most, folded or not", () => {
    expect(headerValue(readMessage(optionsRequest({}, headerOf(8_192))), "X-A")).toHaveLength(
      8_187,
    );
    expect(readRefusal(optionsRequest({}, headerOf(8_193))).status).toBe(400);
    expect(readRefusal(optionsRequest({}, "X-A: a", ...repeat(5_000, " b"))).status).toBe(400);
  });

  test("256 headers at most", () => {
    expect(readMessage(optionsRequest({}, ...repeat(256, "X-A: 1"))).headers).toHaveLength(256);
    expect(readRefusal(optionsRequest({}, ...repeat(257, "X-A: 1"))).status).toBe(400);
  });

  test("128 values of a list at most, on one line or many", () => {
    const contact = "m: <sip:a@b>";
    expect(readMessage(optionsRequest({}, ...repeat(128, contact))).contacts).toHaveLength(128);
    expect(readRefusal(optionsRequest({}, ...repeat(129, contact))).status).toBe(400);
    const via = `v: ${repeat(64, "SIP/2.0/UDP a").join(",")}`;
    expect(readMessage(optionsRequest({ via: "" }, via, via)).via).toHaveLength(128);
    expect(readRefusal(optionsRequest({}, via, via)).status).toBeUndefined();
  });

  test("64 parameters at most", () => {
    expect(readMessage(optionsRequest({ to: toWith(64) })).to.parameters.size).toBe(64);
    expect(readRefusal(optionsRequest({ to: toWith(65) })).problem).toContain("To is malformed");
  });
});

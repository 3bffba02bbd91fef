import { describe, expect, test } from "bun:test";
import { parseSipMessage } from "../../../../src/call/sip/message/parse-sip-message.ts";
import { serialiseSip } from "../../../../src/call/sip/message/serialise-sip.ts";
import type { SipUri } from "../../../../src/call/sip/message/sip-message.ts";
import { optionsRequest, readMessage, readRefusal, readRequest } from "./sip-texts.ts";

function requestUri(text: string): SipUri {
  const { uri } = readRequest(optionsRequest({ start: `OPTIONS ${text} SIP/2.0` }));
  if ("text" in uri) throw new Error("not a SIP URI");
  return uri;
}

function topVia(via: string) {
  const [top] = readMessage(optionsRequest({ via: `Via: ${via};branch=z9hG4bKv6` })).via;
  return { host: top?.host, port: top?.port, received: top?.parameters.get("received") };
}

describe("RFC 5118", () => {
  test("4.1 an address in brackets is a host", () => {
    expect(requestUri("sip:[2001:DB8::10]")).toMatchObject({
      host: "2001:db8::10",
      port: undefined,
    });
    expect(topVia("SIP/2.0/UDP [2001:db8::9:1]").host).toBe("2001:db8::9:1");
  });

  test("4.2 an address without brackets is answered with 400", () => {
    const refusal = readRefusal(optionsRequest({ start: "OPTIONS sip:2001:db8::10 SIP/2.0" }));
    expect(refusal).toEqual({
      problem: 'Request-URI is malformed: "sip:2001:db8::10"',
      status: 400,
    });
  });

  test("4.3 what looks like a port within the brackets belongs to the address", () => {
    const uri = requestUri("sip:[2001:db8::10:5070]");
    expect(uri).toMatchObject({ host: "2001:db8::10:5070", port: undefined });
  });

  test("4.4 a port stands behind the brackets", () => {
    expect(requestUri("sip:[2001:db8::10]:5070")).toMatchObject({
      host: "2001:db8::10",
      port: 5070,
    });
  });

  test("4.5 received is taken with brackets and without, and written without", () => {
    const plain = topVia("SIP/2.0/UDP [2001:db8::9:1]:6060;received=2001:db8::9:255");
    const bracketed = topVia("SIP/2.0/UDP [2001:db8::9:1]:6060;received=[2001:db8::9:255]");
    expect(plain).toEqual({ host: "2001:db8::9:1", port: 6060, received: "2001:db8::9:255" });
    expect(bracketed).toEqual(plain);
    const via = "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKa;received=[2001:db8::9:255]";
    const text = new TextDecoder().decode(serialiseSip(readMessage(optionsRequest({ via }))));
    expect(text).toContain(
      "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKa;received=2001:db8::9:255\r\n",
    );
  });

  test("4.6 and 4.8 a body with IPv6 or with both is not looked into", () => {
    const body = "v=0\r\no=- 1 1 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n";
    const head = optionsRequest({}, "Content-Type: application/sdp");
    const bytes = new TextEncoder().encode(new TextDecoder().decode(head) + body);
    expect(new TextDecoder().decode(readMessage(bytes).body)).toBe(body);
  });

  test("4.7 both kinds of addresses may stand in one list", () => {
    const via =
      "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKa, " +
      "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKb, SIP/2.0/UDP [2001:db8::9:255]:6060;branch=z9hG4bKc";
    const hosts = readMessage(optionsRequest({ via })).via.map(({ host }) => host);
    expect(hosts).toEqual(["2001:db8::9:1", "192.0.2.1", "2001:db8::9:255"]);
  });

  test("4.9 an IPv4 address may be embedded in an IPv6 one", () => {
    expect(topVia("SIP/2.0/UDP [::ffff:192.0.2.10]:19823")).toMatchObject({
      host: "::ffff:192.0.2.10",
      port: 19_823,
    });
  });

  test("4.10 three colons before an embedded address are a bug of the old grammar, read as two", () => {
    expect(requestUri("sip:user@[2001:db8:::192.0.2.1]").host).toBe("2001:db8::192.0.2.1");
    expect(requestUri("sip:user@[2001:db8::192.0.2.1]").host).toBe("2001:db8::192.0.2.1");
    expect(
      readRefusal(optionsRequest({ start: "OPTIONS sip:[2001:db8:::1] SIP/2.0" })).status,
    ).toBe(400);
  });
});

test("addresses of IPv6 go through a message unchanged", () => {
  const bytes = optionsRequest(
    { start: "OPTIONS sip:u@[2001:db8::1]:5070;maddr=[2001:db8::2] SIP/2.0" },
    "Contact: <sip:[fe80::1]>",
    "Record-Route: <sip:[2001:db8::3]:5060;lr>",
  );
  const parsed = parseSipMessage(bytes);
  expect(parseSipMessage(serialiseSip(readMessage(bytes)))).toEqual(parsed);
  const text = new TextDecoder().decode(serialiseSip(readMessage(bytes)));
  expect(text).toContain("OPTIONS sip:u@[2001:db8::1]:5070;maddr=[2001:db8::2] SIP/2.0\r\n");
  expect(text).toContain("Record-Route: <sip:[2001:db8::3]:5060;lr>\r\n");
});

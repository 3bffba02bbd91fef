import { describe, expect, test } from "bun:test";
import { WildfireError } from "../../../../src/core/errors.ts";
import type { AnyUri } from "../../../../src/call/sip/message/sip-message.ts";
import { uriEquals } from "../../../../src/call/sip/message/uri-equality.ts";
import { formatUri, parseUri } from "../../../../src/call/sip/message/uri.ts";

function uri(text: string): AnyUri {
  const parsed = parseUri(text);
  if (parsed === undefined) throw new Error(`not a URI: ${text}`);
  return parsed;
}

test("a SIP URI comes in its parts, unescaped", () => {
  expect(
    uri("SIPS:al%69ce;day=tue:p%3Aw@Atlanta.Example.COM:5061;Transport=TCP;lr?to=bob"),
  ).toEqual({
    scheme: "sips",
    user: "alice;day=tue",
    password: "p:w",
    host: "atlanta.example.com",
    port: 5061,
    parameters: new Map([
      ["transport", "TCP"],
      ["lr", undefined],
    ]),
    headers: "to=bob",
  });
});

describe("what is written is what was read", () => {
  const texts = [
    "sip:100@192.0.2.1",
    "sip:192.0.2.1:5080",
    "sips:a%40b@host;transport=tls",
    "sip:+49-30-1234;phone-context=x@gw.example.com;user=phone",
    "sip:%00%FF%C3%A4@host",
    "sip:a:@host",
    "sip:@host",
    "sip:a@[2001:db8::1]:5060;maddr=[::1]",
    "sip:a@host;x=%25%3D;%22=1?Subject=a%20b&x=y",
    "tel:+1-201-555-0123;ext=5",
    "urn:service:sos",
  ];
  for (const text of texts) test(text, () => expect(formatUri(uri(text))).toBe(text));
});

test("what peers leave unescaped is escaped when it is written", () => {
  expect(formatUri(uri("sip:*72#@pbx_1.local."))).toBe("sip:*72%23@pbx_1.local.");
  expect(formatUri(uri("sip:Jürgen@host"))).toBe("sip:J%C3%BCrgen@host");
  expect(formatUri(uri("sip:100%@host"))).toBe("sip:100%25@host");
  expect(formatUri(uri("sip:a@host;x=;y?"))).toBe("sip:a@host;x;y");
});

test("a parameter may be repeated, but not contradict itself", () => {
  expect(formatUri(uri("sip:host;lr;LR"))).toBe("sip:host;lr");
  expect(parseUri("sip:host;ttl=1;ttl=2")).toBeUndefined();
});

describe("no URI", () => {
  const texts = [
    "",
    "sip",
    "sip:",
    ":a",
    "1a:b",
    "sip:a@",
    "sip:a@b@c",
    "sip:a b@c",
    "sip:a@b>",
    'sip:"a"@b',
    "sip:a@b\r\nTo: x",
    "sip:a\u0000@b",
    "sip:a@b:",
    "sip:a@b:0",
    "sip:a@b:65536",
    "sip:a@b:5060x",
    "sip:a@b;",
    "sip:a@b;;lr",
    "sip:a@b;=1",
    "sip:a@[::1",
    "sip:a@[192.0.2.1]",
    "sip:a@::1",
    "sip:a@h%6Fst",
    `sip:${"a".repeat(256)}`,
    `sip:${"a".repeat(2048)}@b`,
    `sip:a@b${Array.from({ length: 65 }, (_, index) => `;p${index}`).join("")}`,
  ];
  for (const text of texts) {
    test(JSON.stringify(text.slice(0, 40)), () => expect(parseUri(text)).toBeUndefined());
  }
});

test("line ends in a user are escaped, in all other parts refused", () => {
  const good = uri("sip:a@b");
  if ("text" in good) throw new Error("not SIP");
  expect(formatUri({ ...good, user: "a\r\nTo: b" })).toBe("sip:a%0D%0ATo%3A%20b@b");
  expect(() => formatUri({ ...good, host: "b\r\nTo: c" })).toThrow(WildfireError);
  expect(() => formatUri({ ...good, headers: "a\r\n" })).toThrow(WildfireError);
  expect(() => formatUri({ ...good, port: 0.5 })).toThrow(WildfireError);
  expect(() => formatUri({ scheme: "tel", text: "tel:1\r\n" })).toThrow(WildfireError);
});

describe("URIs that name the same (RFC 3261 section 19.1.4)", () => {
  const pairs = [
    [
      "sip:%61lice@atlanta.example.com;transport=TCP",
      "sip:alice@AtLanTa.ExamPLE.com;Transport=tcp",
    ],
    ["sip:carol@chicago.example.com", "sip:carol@chicago.example.com;newparam=5"],
    ["sip:carol@chicago.example.com;security=on", "sip:carol@chicago.example.com;newparam=5"],
    [
      "sip:biloxi.example.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.example.com",
      "sip:biloxi.example.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.example.com",
    ],
    ["sip:a@b?subject=x&priority=urgent", "sip:a@b?Priority=urgent&subject=x"],
    ["sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]"],
    ["tel:+1-201-555-0123;ext=5;isub=7", "tel:+1.201.5550123;ISUB=7;ext=5"],
    ["urn:service:sos", "urn:service:sos"],
  ] as const;
  for (const [one, other] of pairs) {
    test(`${one} = ${other}`, () => {
      expect(uriEquals(uri(one), uri(other))).toBe(true);
      expect(uriEquals(uri(other), uri(one))).toBe(true);
    });
  }
});

describe("URIs that name different things", () => {
  const pairs = [
    ["sip:ALICE@atlanta.example.com", "sip:alice@atlanta.example.com"],
    ["sip:bob@biloxi.example.com", "sip:bob@biloxi.example.com:5060"],
    ["sip:bob@biloxi.example.com", "sip:bob@biloxi.example.com;transport=udp"],
    ["sip:bob@biloxi.example.com", "sips:bob@biloxi.example.com"],
    ["sip:carol@chicago.example.com", "sip:carol@chicago.example.com?Subject=next%20meeting"],
    ["sip:carol@chicago.example.com;security=on", "sip:carol@chicago.example.com;security=off"],
    ["sip:bob@phone21.example.com", "sip:bob@192.0.2.4"],
    ["sip:a:b@c", "sip:a@c"],
    ["sip:a@b;user=phone", "sip:a@b"],
    ["sip:a@b", "tel:a"],
    ["tel:1", "other:1"],
    ["tel:+15", "tel:+16"],
  ] as const;
  for (const [one, other] of pairs) {
    test(`${one} ≠ ${other}`, () => {
      expect(uriEquals(uri(one), uri(other))).toBe(false);
      expect(uriEquals(uri(other), uri(one))).toBe(false);
    });
  }
});

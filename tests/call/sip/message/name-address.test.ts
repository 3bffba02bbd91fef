import { describe, expect, test } from "bun:test";
import { WildfireError } from "../../../../src/core/errors.ts";
import {
  formatNameAddress,
  parseAddressList,
  parseNameAddress,
} from "../../../../src/call/sip/message/name-address.ts";
import type { NameAddress } from "../../../../src/call/sip/message/sip-message.ts";

function address(text: string): NameAddress {
  const parsed = parseNameAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

describe("an address is written with quotes and brackets, whichever way it came", () => {
  const rows = [
    ["<sip:a@b>", "<sip:a@b>"],
    ["sip:a@b;tag=1", "<sip:a@b>;tag=1"],
    ['sip:a@b;x="<1>"', '<sip:a@b>;x="<1>"'],
    ['"" <sip:a@b>', "<sip:a@b>"],
    ["Alice <sip:a@b>", '"Alice" <sip:a@b>'],
    ["Alice<sip:a@b;lr> ; TAG = 1 ; x", '"Alice" <sip:a@b;lr>;tag=1;x'],
    ["Müller (Büro) 1/2 <sip:a@b>", '"Müller (Büro) 1/2" <sip:a@b>'],
    ["Bell, Alexander <sip:a@b>", '"Bell, Alexander" <sip:a@b>'],
    [String.raw`"a \"b\" \\" <sip:a@b>`, String.raw`"a \"b\" \\" <sip:a@b>`],
    ['"<sip:x@y>" <sip:a@b>', '"<sip:x@y>" <sip:a@b>'],
    ["< sip:a@b >", "<sip:a@b>"],
    ["<tel:+49301>;tag=1", "<tel:+49301>;tag=1"],
    ['<sip:a@b>;reason="no more"', '<sip:a@b>;reason="no more"'],
    [
      '<sip:a@b>;+sip.instance="<urn:uuid:1>";reg-id=1',
      '<sip:a@b>;+sip.instance="<urn:uuid:1>";reg-id=1',
    ],
    ['<sip:a@b>;+sip.rendering="no"', '<sip:a@b>;+sip.rendering="no"'],
    ['<sip:a@b>;q=0.5;x="";y=', '<sip:a@b>;q=0.5;x="";y'],
    ["<sip:a@b>;tag=a@b/c==;x=a@b/c==", '<sip:a@b>;tag=a@b/c==;x="a@b/c=="'],
  ] as const;
  for (const [text, written] of rows) {
    test(text, () => {
      expect(formatNameAddress(address(text))).toBe(written);
      expect(address(written)).toEqual(address(text));
    });
  }
});

test("parameters outside the brackets belong to the header, inside to the URI", () => {
  const outside = address("sip:a@b;expires=60");
  const inside = address("<sip:a@b;expires=60>");
  expect(outside.parameters.get("expires")).toBe("60");
  expect(inside.parameters.size).toBe(0);
  expect("parameters" in inside.uri && inside.uri.parameters.get("expires")).toBe("60");
});

describe("no address", () => {
  const texts = [
    "",
    "alice",
    "Alice sip:a@b",
    "sip:a@b <sip:c@d>",
    '"Alice <sip:a@b>',
    '"Alice" sip:a@b',
    'Al"i"ce <sip:a@b>',
    "<sip:a@b",
    "<>",
    "<sip:a@b>x",
    "<sip:a@b>;",
    "<sip:a@b>;;tag=1",
    "<sip:a@b>;=1",
    "<sip:a@b>;tag=1;tag=2",
    '<sip:a@b>;tag="1',
    "<sip:a@b>;tag=<1>",
    "sip:a@b?x=y",
    "sip:a@b, sip:c@d",
    "<sip:a@b> ü",
  ];
  for (const text of texts) {
    test(JSON.stringify(text), () => expect(parseNameAddress(text)).toBeUndefined());
  }
});

test("a list has commas between its addresses, not those within quotes or brackets", () => {
  const text = '"a, b" <sip:a,b@c>;x="1,2", sip:d@e;q=1 ,Otto <sip:f@g>';
  expect(parseAddressList(text)?.map(formatNameAddress)).toEqual([
    '"a, b" <sip:a,b@c>;x="1,2"',
    "<sip:d@e>;q=1",
    '"Otto" <sip:f@g>',
  ]);
});

test("a list has no empty members, no names with commas without quotes, and an end", () => {
  for (const text of ["", "<sip:a@b>,", ",<sip:a@b>", "<sip:a@b>,,<sip:c@d>", "a, b <sip:a@b>"]) {
    expect(parseAddressList(text)).toBeUndefined();
  }
  const many = Array.from({ length: 128 }, () => "<sip:a@b>");
  expect(parseAddressList(many.join(","))).toHaveLength(128);
  expect(parseAddressList([...many, "<sip:a@b>"].join(","))).toBeUndefined();
});

test("a name cannot end its line", () => {
  const named = { ...address("<sip:a@b>"), displayName: "Alice\r\nVia: x" };
  expect(() => formatNameAddress(named)).toThrow(WildfireError);
  const tagged = { ...address("<sip:a@b>"), parameters: new Map([["tag", "1\r\nVia: x"]]) };
  expect(() => formatNameAddress(tagged)).toThrow(WildfireError);
  const odd = { ...address("<sip:a@b>"), parameters: new Map([["t a", "1"]]) };
  expect(() => formatNameAddress(odd)).toThrow(WildfireError);
});

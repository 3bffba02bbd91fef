import { describe, expect, test } from "bun:test";
import { parseSchemes, quoteValue } from "../../../../src/call/sip/digest/authentication-header.ts";

function plain(value: string): unknown {
  return parseSchemes(value).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

describe("parseSchemes", () => {
  const cases: readonly [rule: string, value: string, expected: unknown][] = [
    ["one challenge", 'Digest realm="a", nonce="b"', [["digest", { realm: "a", nonce: "b" }]]],
    [
      "several challenges in one line",
      'Digest realm="a",nonce="b" , Basic realm="c", Digest realm="d"',
      [
        ["digest", { realm: "a", nonce: "b" }],
        ["basic", { realm: "c" }],
        ["digest", { realm: "d" }],
      ],
    ],
    [
      "commas, equal signs and words within quotes belong to the value",
      'Digest realm="a, Basic realm=x", qop="auth,auth-int"',
      [["digest", { realm: "a, Basic realm=x", qop: "auth,auth-int" }]],
    ],
    ["escapes are undone", String.raw`Digest realm="a\"b\\c"`, [["digest", { realm: 'a"b\\c' }]]],
    ["names in any case", "DIGEST Realm=a, NONCE=b", [["digest", { realm: "a", nonce: "b" }]]],
    [
      "white space around =",
      'Digest realm = "a" , nonce\t=\tb',
      [["digest", { realm: "a", nonce: "b" }]],
    ],
    ["missing commas", 'Digest realm="a" nonce="b"', [["digest", { realm: "a", nonce: "b" }]]],
    ["surplus commas", 'Digest ,, realm="a",,', [["digest", { realm: "a" }]]],
    ["the first of equal names", "Digest realm=a, realm=b", [["digest", { realm: "a" }]]],
    ["a quote that never closes", 'Digest realm="a', [["digest", { realm: "a" }]]],
    ["an escape at the end", 'Digest realm="a\\', [["digest", { realm: "a\\" }]]],
    [
      "no scheme, as Authentication-Info",
      'nextnonce="n", nc=1',
      [["", { nextnonce: "n", nc: "1" }]],
    ],
    ["nothing", "", []],
    ["only punctuation", '"",=,==', []],
    ["UTF-8", 'Digest realm="Büro"', [["digest", { realm: "Büro" }]]],
  ];

  test.each(cases)("%s", (_rule, value, expected) => {
    expect(plain(value)).toEqual(expected);
  });

  test("what a header can make us keep is bounded", () => {
    const many = Array.from({ length: 1000 }, (_, n) => `Digest p${n}=x, q${n}=y`).join(", ");
    expect(parseSchemes(many).length).toBeLessThanOrEqual(16);
    const wide = `Digest ${Array.from({ length: 1000 }, (_, n) => `p${n}=x`).join(",")}`;
    expect(parseSchemes(wide)[0]?.parameters.size).toBeLessThanOrEqual(32);
    expect(
      parseSchemes(`Digest realm="${"x".repeat(100_000)}"`)[0]?.parameters.get("realm")?.length,
    ).toBeLessThanOrEqual(16_384);
  });

  test("no text whatever is an exception", () => {
    let seed = 1;
    const next = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const alphabet = ['"', "\\", ",", "=", " ", "\t", "Digest", "realm", "nonce", "ä", "\0", "x"];
    for (let round = 0; round < 20_000; round += 1) {
      const text = Array.from({ length: next(30) }, () => alphabet[next(alphabet.length)]).join("");
      for (const { scheme, parameters } of parseSchemes(text)) {
        expect(typeof scheme).toBe("string");
        expect(parameters.size).toBeLessThanOrEqual(32);
      }
    }
  });
});

describe("quoteValue", () => {
  test("reads back as the same value", () => {
    for (const value of ["plain", 'a"b', "a\\b", '\\"', "", "Jäsøn Doe", "a, b=c"]) {
      expect(parseSchemes(`Digest x=${quoteValue(value)}`)[0]?.parameters.get("x")).toBe(value);
    }
  });

  test("cannot break out of its line", () => {
    expect(quoteValue('a\r\nVia: "x\0\x7f')).toBe(String.raw`"aVia: \"x"`);
  });
});

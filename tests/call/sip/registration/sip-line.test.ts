import { describe, expect, test } from "bun:test";
import {
  lineName,
  parseLine,
  type SipLine,
} from "../../../../src/call/sip/registration/sip-line.ts";

function line(overrides: Partial<SipLine>): SipLine {
  return {
    user: "100",
    host: "pbx.example",
    port: undefined,
    transport: "udp",
    authUser: "100",
    expiresSeconds: 120,
    proxy: undefined,
    ...overrides,
  };
}

describe("parseLine", () => {
  const accepted: readonly (readonly [text: string, expected: SipLine])[] = [
    ["100@pbx.example", line({})],
    [" 100@PBX.Example ", line({})],
    ["sip:100@pbx.example", line({})],
    ["100@192.168.1.10:5070", line({ host: "192.168.1.10", port: 5070 })],
    ["100@[2001:DB8::1]", line({ host: "2001:db8::1" })],
    ["100@[::1]:5070;transport=tcp", line({ host: "::1", port: 5070, transport: "tcp" })],
    ["100@pbx.example;transport=TLS", line({ transport: "tls" })],
    ["100@pbx.example;auth=alice", line({ authUser: "alice" })],
    ["100@pbx.example;auth=alice@corp", line({ authUser: "alice@corp" })],
    ["100@pbx.example; expires=3600 ;transport=udp", line({ expiresSeconds: 3600 })],
    ["100@pbx.example;proxy=10.0.0.9", line({ proxy: { host: "10.0.0.9", port: undefined } })],
    ["100@pbx.example;proxy=[::2]:5080", line({ proxy: { host: "::2", port: 5080 } })],
    ["+49.30-1234_a@pbx", line({ user: "+49.30-1234_a", authUser: "+49.30-1234_a", host: "pbx" })],
    [
      "alice@corp.example@pbx.example",
      line({ user: "alice@corp.example", authUser: "alice@corp.example" }),
    ],
    ["jürgen@pbx.example", line({ user: "jürgen", authUser: "jürgen" })],
    ["100@my_pbx.local.", line({ host: "my_pbx.local." })],
  ];

  test.each(accepted)("%s", (text, expected) => {
    expect(parseLine(text)).toEqual({ ok: true, line: expected });
  });

  const refused: readonly (readonly [text: string, part: string])[] = [
    ["", '""'],
    ["100", '"100"'],
    ["@pbx.example", '"@pbx.example"'],
    ["100@", '""'],
    ["10 0@pbx", '"10 0"'],
    ['"Bob" <sip:100@pbx>', "colon"],
    ["100@pbx example", '"pbx example"'],
    ["100@300.1.1.1", '"300.1.1.1"'],
    ["100@1.2.3", '"1.2.3"'],
    ["100@a..b", '"a..b"'],
    ["100@[::1", '"[::1"'],
    ["100@[::g]", '"::g"'],
    ["100@::1", '"::1"'],
    ["100@pbx:0", '"0"'],
    ["100@pbx:65536", '"65536"'],
    ["100@pbx:", '""'],
    ["100@pbx:sip", '"sip"'],
    ["100@pbx;transport=sctp", '"sctp"'],
    ["100@pbx;transport", '";transport"'],
    ["100@pbx;transport=udp;transport=tcp", "twice"],
    ["100@pbx;expires=5", "5"],
    ["100@pbx;expires=1e3", "1e3"],
    ["100@pbx;expires=86401", "86401"],
    ["100@pbx;auth=", '""'],
    ["100@pbx;proxy=", '""'],
    ["100@pbx;lr=1", '";lr"'],
    ["100@pbx;", '";"'],
    [`${"1".repeat(600)}@pbx`, "512"],
  ];

  test.each(refused)("refused in one line that quotes the part: %s", (text, part) => {
    const result = parseLine(text);
    if (result.ok) throw new Error(`accepted ${text}`);
    expect(result.problem).toContain(part);
    expect(result.problem).toContain("--line '100@192.168.1.10;transport=udp'");
    expect(result.problem).not.toContain("\n");
  });

  test("a password in a line is refused and never shown", () => {
    for (const text of ["100:hunter2@pbx", "100@pbx;password=hunter2", "100@pbx;secret=hunter2"]) {
      const result = parseLine(text);
      if (result.ok) throw new Error(`accepted ${text}`);
      expect(result.problem).not.toContain("hunter2");
      expect(result.problem).toContain("no password");
    }
  });
});

describe("lineName", () => {
  test("is how people write it", () => {
    expect(lineName(line({ host: "::1", port: 5070 }))).toBe("100@[::1]:5070");
  });
});

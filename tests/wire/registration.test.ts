import { describe, expect, test } from "bun:test";
import { callIdOf } from "../../src/wire/call-id.ts";
import {
  encodeRegistration,
  maxDatagramBytes,
  parseRegistration,
  type RefusalReason,
  type SignalKind,
} from "../../src/wire/registration.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("signals", () => {
  test.each<[string, SignalKind, number]>([
    ["REGISTER:111", "register", 111],
    ["BYE:111", "bye", 111],
    ["SPEECH:2", "speech", 2],
    ["SILENCE:998", "silence", 998],
    ["PAUSE:2", "pause", 2],
    ["RESUME:2", "resume", 2],
    ["BYE:0", "bye", 0],
  ])("%s", (text, kind, number) => {
    const callId = { number, text: String(number) };
    expect(parseRegistration(bytesOf(text))).toEqual({ kind, callId });
    expect(encodeRegistration(kind, callId)).toEqual(bytesOf(text));
  });

  test("white space around them is ignored", () => {
    const signal = parseRegistration(bytesOf(" \r\n\tREGISTER:111\r\n"));
    expect(signal).toEqual({ kind: "register", callId: callIdOf(111) });
  });

  test("leading zeros name the same call, and the text stays as sent", () => {
    const signal = parseRegistration(bytesOf("BYE:007"));
    expect(signal).toEqual({ kind: "bye", callId: { number: 7, text: "007" } });
  });

  test("a datagram of the greatest length is read", () => {
    const padded = `REGISTER:111${" ".repeat(maxDatagramBytes - 12)}`;
    expect(parseRegistration(bytesOf(padded)).kind).toBe("register");
  });
});

describe("refusals", () => {
  test.each<[Uint8Array, RefusalReason, string]>([
    [new Uint8Array(0), "empty", '""'],
    [bytesOf(" \t\r\n"), "empty", '" \\t\\r\\n"'],
    [bytesOf("x".repeat(257)), "oversized", `"${"x".repeat(40)}…"`],
    [bytesOf(`REGISTER:111${" ".repeat(300)}`), "oversized", `"REGISTER:111${" ".repeat(28)}…"`],
    [new Uint8Array(70_000), "oversized", JSON.stringify(`${"\0".repeat(40)}…`)],
    [Uint8Array.of(0xff, 0xfe, 0x41), "not-utf8", '"\ufffd\ufffdA"'],
    [Uint8Array.of(...bytesOf("BYE:1"), 0xc3), "not-utf8", '"BYE:1\ufffd"'],
    [bytesOf("HELLO:111"), "unknown-verb", '"HELLO:111"'],
    [bytesOf("register:111"), "unknown-verb", '"register:111"'],
    [bytesOf("REGISTER"), "unknown-verb", '"REGISTER"'],
    [bytesOf("REGISTER 111"), "unknown-verb", '"REGISTER 111"'],
    [bytesOf("ÄÖÜ"), "unknown-verb", '"ÄÖÜ"'],
    [bytesOf("\ufeffREGISTER:111"), "unknown-verb", '"\ufeffREGISTER:111"'],
    [bytesOf("a\nb"), "unknown-verb", '"a\\nb"'],
    [bytesOf("REGISTER:"), "bad-call-id", '"REGISTER:"'],
    [bytesOf("REGISTER: 111"), "bad-call-id", '"REGISTER: 111"'],
    [bytesOf("REGISTER:-1"), "bad-call-id", '"REGISTER:-1"'],
    [bytesOf("REGISTER:12abc"), "bad-call-id", '"REGISTER:12abc"'],
    [bytesOf("REGISTER:../x"), "bad-call-id", '"REGISTER:../x"'],
    [bytesOf("REGISTER:52536"), "bad-call-id", '"REGISTER:52536"'],
    [bytesOf("REGISTER:999999999999"), "bad-call-id", '"REGISTER:999999999999"'],
    [bytesOf("REGISTER:1٢"), "bad-call-id", '"REGISTER:1٢"'],
    [bytesOf("BYE:111\0"), "bad-call-id", '"BYE:111\\u0000"'],
  ])("case %#: %p", (bytes, reason, quoted) => {
    expect(parseRegistration(bytes)).toMatchObject({ kind: "refused", reason, quoted });
  });
});

import { describe, expect, test } from "bun:test";
import { callIdOf } from "../../src/wire/call-id.ts";
import { encodeReport, parseReport, type Report } from "../../src/wire/reports.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const callId = callIdOf(111);

describe("reports", () => {
  test.each<[string, Report]>([
    [
      "PLAYED:111 stream=2 samples=4800 wait=12 over=1",
      { kind: "played", callId, values: { stream: 2, samples: 4800, wait: 12, over: 1 } },
    ],
    [
      "HEARD:111 text=3 samples=48000 of=52000 voice=44 wait=13",
      {
        kind: "heard",
        callId,
        values: { text: 3, samples: 48_000, of: 52_000, voice: 44, wait: 13 },
      },
    ],
    ["TURN:111 silence=512 text=0", { kind: "turn", callId, values: { silence: 512, text: 0 } }],
  ])("%s", (text, report) => {
    expect(parseReport(bytesOf(text))).toEqual(report);
    expect(textOf(encodeReport(report))).toBe(text);
  });

  test("values of a later version are ignored, and their order does not matter", () => {
    const report = parseReport(bytesOf("TURN:111 mood=7 text=4 silence=500\n"));
    expect(report).toEqual({ kind: "turn", callId, values: { silence: 500, text: 4 } });
  });

  test("what is no count is sent as one", () => {
    const values = { silence: 499.6, text: Number.NaN };
    expect(textOf(encodeReport({ kind: "turn", callId, values }))).toBe(
      "TURN:111 silence=500 text=0",
    );
    const wide = { silence: -3, text: Number.POSITIVE_INFINITY };
    expect(textOf(encodeReport({ kind: "turn", callId, values: wide }))).toBe(
      "TURN:111 silence=0 text=0",
    );
  });

  test.each([
    ["", "bad-value"],
    ["SPOKEN:111 a=1", "unknown-verb"],
    ["CONSTRUCTOR:111", "unknown-verb"],
    ["TURN:abc silence=1 text=1", "bad-call-id"],
    ["TURN:99999 silence=1 text=1", "bad-call-id"],
    ["TURN:111 silence=1", "bad-value"],
    ["TURN:111 silence=-1 text=1", "bad-value"],
    ["TURN:111 silence=1.5 text=1", "bad-value"],
    ["TURN:111  silence=1 text=1", "bad-value"],
    [`TURN:111 silence=1 text=1${" ".repeat(256)}`, "oversized"],
  ])("%p is refused", (text, reason) => {
    expect(parseReport(bytesOf(text))).toMatchObject({ kind: "refused", reason });
  });

  test("bytes that are no text are refused and quoted on one line", () => {
    const refused = parseReport(Uint8Array.of(0xff, 0x0a, 0xfe, 0x3a));
    expect(refused.kind).toBe("refused");
    expect(refused.kind === "refused" && refused.quoted).not.toContain("\n");
  });
});

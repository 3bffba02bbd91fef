import { describe, expect, test } from "bun:test";
import { matchesFilter } from "../../src/supervisor/log-filter.ts";
import { RecentRecords } from "../../src/supervisor/recent-records.ts";
import {
  formatRecordJson,
  formatRecordText,
  parseRecordLine,
  recordOfChild,
  type ServiceRecord,
} from "../../src/supervisor/service-record.ts";

const wallMs = Date.UTC(2026, 0, 1);
const time = "2026-01-01T00:00:01.000Z";

function fromChild(
  text: string,
  stream: "stdout" | "stderr" = "stderr",
): ServiceRecord | undefined {
  return recordOfChild({ service: "whisper", stream, text, wallMs });
}

const record = (fields: Record<string, unknown>): ServiceRecord => ({
  wallMs,
  level: "warn",
  service: "sip",
  message: "m",
  fields,
});

describe("what a child writes", () => {
  test("a log record keeps its time, its level and its fields", () => {
    const line = JSON.stringify({ time, level: "warn", message: "m", service: "other", call: "7" });
    expect(fromChild(line)).toEqual({
      wallMs: wallMs + 1000,
      level: "warn",
      service: "whisper",
      message: "m",
      fields: { call: "7" },
    });
  });

  test.each([
    ["a panic of the runtime", "panic: out of memory"],
    ["JSON that is no record", '{"message":"m"}'],
    ["a level that is none", `{"time":"${time}","level":"fatal","message":"m"}`],
    ["a time that is none", '{"time":"soon","level":"info","message":"m"}'],
    ["a record that was cut", `{"time":"${time}","level":"info","mess`],
    ["an array", "[1]"],
  ])("%s is kept as it is", (_, text) => {
    expect(fromChild(text)).toEqual({
      wallMs,
      level: "info",
      service: "whisper",
      message: "output",
      fields: { text, stream: "stderr" },
    });
  });

  test("results for programs on standard output are private and not kept; prints are", () => {
    expect(fromChild('{"kind":"final","text":"my number is"}', "stdout")).toBeUndefined();
    expect(fromChild("native library says hello", "stdout")?.fields["text"]).toContain("hello");
    expect(fromChild("  ")).toBeUndefined();
  });
});

describe("the log", () => {
  test("a record survives the file", () => {
    const kept = fromChild(`{"time":"${time}","level":"error","message":"m","deep":{"a":[1]}}`);
    if (kept === undefined) throw new Error("no record");
    expect(parseRecordLine(formatRecordJson(kept))).toEqual(kept);
  });

  test.each(["", "{", "null", "7", '{"service":7}', '{"service":"a","time":1}'])(
    "%j is no record",
    (line) => {
      expect(parseRecordLine(line)).toBeUndefined();
    },
  );

  test("what a child writes cannot steer the terminal", () => {
    const shown = formatRecordText({
      wallMs,
      level: "info",
      service: "w",
      message: "a\u001B[2Jb",
      fields: { x: "\u009Bred", deep: { a: 1 } },
    });
    expect(shown).not.toMatch(/\p{Cc}/u);
    expect(shown).toContain("info  w: a [2Jb");
    expect(shown).toContain('{\\"a\\":1}');
  });

  test.each([
    [{ service: "sip" }, true],
    [{ service: "whisper" }, false],
    [{ call: "7" }, true],
    [{ call: "8" }, false],
    [{ level: "error" }, false],
    [{ level: "warn" }, true],
  ] as const)("the filter %j of a record of call 7: %p", (given, isShown) => {
    const filter = { service: undefined, call: undefined, level: "info" as const, ...given };
    for (const fields of [{ call: "7" }, { callId: 7 }, { key: "7" }]) {
      expect(matchesFilter(record(fields), filter)).toBe(isShown);
    }
  });

  test("what the supervisor says of a service is shown with that service", () => {
    const said = { ...record({ about: "sip" }), service: "supervisor" };
    const filter = { service: "sip", call: undefined, level: "info" as const };
    expect(matchesFilter(said, filter)).toBe(true);
  });
});

describe("the last words of a service", () => {
  test("are those of its last error, and twenty lines are kept", () => {
    const recent = new RecentRecords(false);
    const add = (line: string): void => {
      const added = fromChild(line);
      if (added !== undefined) recent.add(added);
    };
    for (let number = 0; number < 30; number += 1) add(`line ${number}`);
    add(`{"time":"${time}","level":"error","message":"no model","reason":"gone"}`);
    add(`{"time":"${time}","level":"info","message":"stopping"}`);
    expect(recent.lastWords).toBe("no model: gone");
    expect(recent.lines()).toHaveLength(20);
    expect(recent.lines()[0]).toContain("line 12");
    expect(recent.lines().at(-1)).toContain("stopping");
  });

  test("of a service that logs private fields no field is kept", () => {
    const recent = new RecentRecords(true);
    const said = fromChild(`{"time":"${time}","level":"info","message":"text","text":"secret"}`);
    if (said !== undefined) recent.add(said);
    expect(recent.lines().join()).not.toContain("secret");
    expect(recent.lines().join()).toContain("text");
    expect(recent.lastWords).toBe("text");
  });
});

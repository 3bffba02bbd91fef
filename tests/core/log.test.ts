import { describe, expect, test } from "bun:test";
import { formatJson, formatText } from "../../src/core/log.ts";
import { RepeatedLog } from "../../src/core/repeated-log.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

describe("log records", () => {
  const record = {
    wallMs: Date.UTC(2026, 0, 1, 12, 30, 1, 250),
    level: "warn" as const,
    message: "something happened",
    fields: { service: "whisper", call: "111", reason: "a b", private: { text: "secret words" } },
  };

  test("private fields are left out unless they are asked for", () => {
    expect(formatText(record, { showPrivate: false })).toBe(
      '12:30:01.250 warn  whisper: something happened  call=111 reason="a b"',
    );
    expect(formatText(record, { showPrivate: true })).toContain('text="secret words"');
    expect(formatJson(record, { showPrivate: false })).not.toContain("secret");
    expect(JSON.parse(formatJson(record, { showPrivate: true }))).toMatchObject({
      level: "warn",
      call: "111",
      text: "secret words",
    });
  });

  test("children add their fields and levels below the threshold are dropped", () => {
    const memory = createMemoryLog(new FakeClock(), "info");
    const child = memory.log.child({ call: "112" });
    child.debug("not shown");
    child.info("shown", { more: 1 });
    expect(memory.records.map((entry) => entry.fields)).toEqual([{ call: "112", more: 1 }]);
  });
});

describe("repeated messages", () => {
  test("the first is said at once, the rest are summed up after a minute", () => {
    const clock = new FakeClock();
    const memory = createMemoryLog(clock, "info");
    const repeated = new RepeatedLog(memory.log, clock);
    for (let i = 0; i < 1000; i += 1) repeated.say("warn", "junk", () => ({ bytes: i }));
    expect(memory.records).toHaveLength(1);
    clock.advance(60_000);
    expect(memory.records).toHaveLength(2);
    expect(memory.records[1]?.fields).toEqual({ bytes: 0, moreInLastMinute: 999 });
    repeated.say("warn", "junk");
    expect(memory.records).toHaveLength(3);
    repeated.close();
    expect(clock.timers).toBe(0);
  });

  test("hostile variety does not grow memory: messages beyond the limit are only counted", () => {
    const clock = new FakeClock();
    const memory = createMemoryLog(clock, "info");
    const repeated = new RepeatedLog(memory.log, clock);
    for (let i = 0; i < 500; i += 1) repeated.say("warn", `message ${i}`);
    expect(memory.records).toHaveLength(100);
    clock.advance(60_000);
    expect(memory.records.at(-1)?.fields).toEqual({ count: 400 });
    repeated.close();
  });
});

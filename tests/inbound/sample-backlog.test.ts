import { describe, expect, test } from "bun:test";
import { SampleBacklog } from "../../src/inbound/sample-backlog.ts";

const ramp = (from: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => from + index);

describe("sample backlog", () => {
  test("gives back what was put in, across the end of its ring", () => {
    const backlog = new SampleBacklog(10);
    for (let at = 0; at < 100; at += 4) {
      backlog.append(ramp(at, 4));
      backlog.forgetBefore(at - 2);
      const from = Math.max(0, at - 2);
      expect([...(backlog.read(from, 6) ?? [])]).toEqual([...ramp(from, at + 4 - from)]);
    }
  });

  test("drops the oldest when full, and tells by its start", () => {
    const backlog = new SampleBacklog(10);
    backlog.append(ramp(0, 8));
    backlog.append(ramp(8, 5));
    expect(backlog.start).toBe(3);
    expect(backlog.end).toBe(13);
    expect([...(backlog.read(3, 100) ?? [])]).toEqual([...ramp(3, 10)]);
  });

  test("a block longer than the ring leaves its end", () => {
    const backlog = new SampleBacklog(10);
    backlog.append(ramp(0, 3));
    backlog.append(ramp(3, 25));
    expect([...(backlog.read(backlog.start, 100) ?? [])]).toEqual([...ramp(18, 10)]);
    expect(backlog.start).toBe(18);
  });

  test("has nothing before its start and behind its end", () => {
    const backlog = new SampleBacklog(10);
    backlog.append(ramp(0, 5));
    backlog.forgetBefore(2);
    expect(backlog.read(1, 2)).toBeUndefined();
    expect(backlog.read(5, 1)).toBeUndefined();
    backlog.forgetBefore(99);
    expect(backlog.start).toBe(5);
  });
});

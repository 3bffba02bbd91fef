import { describe, expect, test } from "bun:test";
import { WorkMeter } from "../../src/whisper/work-meter.ts";

/** Jobs of `decodeMs` that arrive and complete every `everyMs`, from `fromMs` up to `untilMs`. */
function work(
  meter: WorkMeter,
  span: { readonly fromMs: number; readonly untilMs: number },
  job: { readonly everyMs: number; readonly decodeMs: number },
): void {
  for (let nowMs = span.fromMs; nowMs < span.untilMs; nowMs += job.everyMs) {
    meter.arrived(nowMs);
    meter.worked(nowMs, job.decodeMs);
    meter.completed(nowMs, job.decodeMs);
  }
}

describe("lanes that were busy", () => {
  test("are the decode time over the time since the start, at first", () => {
    const meter = new WorkMeter(5_000);
    work(meter, { fromMs: 5_000, untilMs: 15_000 }, { everyMs: 500, decodeMs: 1_000 });
    expect(meter.busyLanes(15_000)).toBeCloseTo(2, 6);
  });

  test("are told of the last half minute, whenever in a second one asks", () => {
    const meter = new WorkMeter(0);
    work(meter, { fromMs: 0, untilMs: 100_000 }, { everyMs: 250, decodeMs: 250 });
    for (const nowMs of [100_000, 100_250, 100_500, 100_999]) {
      work(meter, { fromMs: nowMs, untilMs: nowMs + 1 }, { everyMs: 250, decodeMs: 250 });
      expect(Math.abs(meter.busyLanes(nowMs) - 1)).toBeLessThan(0.02);
    }
  });

  test("are none after half a minute without work", () => {
    const meter = new WorkMeter(0);
    work(meter, { fromMs: 0, untilMs: 60_000 }, { everyMs: 250, decodeMs: 1_000 });
    expect(meter.busyLanes(89_999)).toBeGreaterThan(0);
    expect(meter.busyLanes(92_000)).toBe(0);
    expect(meter.neededLanes(92_000)).toBe(0);
  });

  test("are not many in the first instant", () => {
    const meter = new WorkMeter(0);
    meter.worked(1, 100);
    expect(meter.busyLanes(1)).toBeCloseTo(0.1, 6);
  });
});

describe("lanes that are needed", () => {
  test("are those that all that arrives would keep busy, also when only half of it gets done", () => {
    const meter = new WorkMeter(0);
    for (let nowMs = 0; nowMs < 30_000; nowMs += 500) {
      meter.arrived(nowMs);
      meter.arrived(nowMs);
      meter.worked(nowMs, 1_000);
      meter.completed(nowMs, 1_000);
    }
    expect(meter.busyLanes(30_000)).toBeCloseTo(2, 1);
    expect(meter.neededLanes(30_000)).toBeCloseTo(4, 1);
  });

  test("do not grow with what lanes do for those who only watch", () => {
    const meter = new WorkMeter(0);
    for (let nowMs = 0; nowMs < 30_000; nowMs += 1_000) {
      meter.arrived(nowMs);
      meter.worked(nowMs, 900);
      meter.worked(nowMs, 500);
      meter.completed(nowMs, 500);
    }
    expect(meter.busyLanes(30_000)).toBeCloseTo(1.4, 6);
    expect(meter.neededLanes(30_000)).toBeCloseTo(0.5, 6);
  });

  test("are unknown, thus 0, before anything was completed", () => {
    const meter = new WorkMeter(0);
    meter.arrived(10);
    expect(meter.neededLanes(20)).toBe(0);
  });
});

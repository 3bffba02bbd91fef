import { describe, expect, test } from "bun:test";
import {
  BackOff,
  type Failure,
  retryDelayMs,
} from "../../../../src/call/sip/registration/retry-delay.ts";

function failure(overrides: Partial<Failure>): Failure {
  return { kind: "away", count: 1, retryAfterMs: undefined, wasRegistered: false, ...overrides };
}

function range(overrides: Partial<Failure>): readonly [number, number] {
  const lowest = retryDelayMs(failure(overrides), () => 0);
  return [lowest, retryDelayMs(failure(overrides), () => 1)];
}

describe("retryDelayMs", () => {
  test("away: first within 2 s, never above 4 s, with jitter", () => {
    expect(range({ count: 1 })).toEqual([500, 1500]);
    expect(range({ count: 2 })).toEqual([1500, 2500]);
    for (const count of [3, 4, 100, 1_000_000]) expect(range({ count })).toEqual([2500, 3900]);
  });

  test("trouble: doubles up to half a minute", () => {
    expect(range({ kind: "trouble", count: 1 })).toEqual([1500, 2500]);
    expect(range({ kind: "trouble", count: 99 })).toEqual([27_000, 33_000]);
  });

  test("refused: a minute, doubling up to ten", () => {
    expect(range({ kind: "refused", count: 1 })).toEqual([60_000, 70_000]);
    expect(range({ kind: "refused", count: 99 })).toEqual([600_000, 660_000]);
  });

  test("refused where it worked before: once after 4 s", () => {
    const before = { kind: "refused", wasRegistered: true } as const;
    expect(range({ ...before, count: 1 })).toEqual([3500, 4500]);
    expect(range({ ...before, count: 2 })).toEqual([60_000, 70_000]);
  });

  test("Retry-After: never before it, not under a second, not over half an hour", () => {
    expect(range({ kind: "trouble", retryAfterMs: 10_000 })).toEqual([10_000, 11_000]);
    expect(range({ kind: "trouble", retryAfterMs: 0 })).toEqual([1000, 1100]);
    expect(range({ kind: "refused", retryAfterMs: 1e12 })).toEqual([1_800_000, 1_980_000]);
  });
});

const lowest = (): number => 0;

describe("BackOff", () => {
  const away = { kind: "away", retryAfterMs: undefined } as const;
  const trouble = { kind: "trouble", retryAfterMs: undefined } as const;

  test("counts failures of one kind in a row", () => {
    const backOff = new BackOff();
    const delays = [away, away, away, trouble, trouble, away].map((one) =>
      backOff.failed(one, 0, lowest),
    );
    expect(delays).toEqual([500, 1500, 2500, 1500, 3500, 500]);
  });

  test("begins anew after a registration of 10 s, not after a shorter one", () => {
    const backOff = new BackOff();
    backOff.failed(away, 0, lowest);
    backOff.granted(1000);
    expect(backOff.failed(away, 10_999, lowest)).toBe(1500);
    backOff.granted(20_000);
    expect(backOff.failed(away, 30_000, lowest)).toBe(500);
  });
});

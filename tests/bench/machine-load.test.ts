import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { busyTicks, otherCpuShare, familyTicks } from "../../bench/machine-load.ts";

describe("the machine's load", () => {
  test("counts all states of a processor but idling and waiting for disks", () => {
    const stat = "cpu  1 20 300 4000 50000 600000 7000000 80000000 0 0\ncpu0 9 9 9 9 9 9 9 9 9 9\n";
    expect(busyTicks(stat)).toBe(1 + 20 + 300 + 600_000 + 7_000_000 + 80_000_000);
  });

  test("is read from a process whose name looks like other fields", () => {
    const stat = "42 (a) R 1 2 (x) S 1 42 42 0 -1 4194304 5 6 7 8 1000 200 30 4 20 0 1 0";
    expect(familyTicks(stat)).toBe(1234);
  });

  test("of other programs is what the measured ones did not use, and never below none", () => {
    const before = { atMs: 1000, allMs: 5000, ownMs: 3000 };
    const wallMs = 2000;
    const after = { atMs: 1000 + wallMs, allMs: 5800, ownMs: 3300 };
    expect(otherCpuShare(before, after)).toBeCloseTo(500 / (wallMs * availableParallelism()));
    expect(otherCpuShare(before, { ...after, ownMs: 9000 })).toBe(0);
    expect(otherCpuShare(before, undefined)).toBe(0);
  });
});

import { describe, expect, test } from "bun:test";
import { judgeDisk, judgeMemory, judgeTime } from "../../src/doctor/checks/machine.ts";
import { parseMeminfo } from "../../src/doctor/machine-memory.ts";
import { check } from "./judgement-cases.ts";

describe("what is measured", () => {
  check([
    ["disk: full", judgeDisk([{ folder: "/v", freeBytes: 5e6 }]), "fault", "/v has 5 MB free"],
    ["disk: scarce", judgeDisk([{ folder: "/v", freeBytes: 5e8 }]), "warning", "500 MB"],
    ["disk: room", judgeDisk([{ folder: "/v", freeBytes: 5e9 }]), "ok", "5.0 GB"],
    [
      "memory: none",
      [judgeMemory({ totalBytes: 8e9, availableBytes: 1e8 })],
      "fault",
      "100 MB of 8.0 GB",
    ],
    [
      "memory: little",
      [judgeMemory({ totalBytes: 8e9, availableBytes: 3e8 })],
      "warning",
      "300 MB",
    ],
    ["memory: unknown", [judgeMemory(undefined)], "skipped", "does not tell"],
    [
      "clock: before the build",
      [judgeTime({ wallMs: Date.UTC(2020, 1), buildMs: Date.UTC(2026, 10), isSynchronised: true })],
      "fault",
      "it is not 2020-02-01",
    ],
    [
      "clock: far ahead",
      [judgeTime({ wallMs: Date.UTC(2090, 1), buildMs: undefined, isSynchronised: undefined })],
      "fault",
      "it is not 2090",
    ],
    [
      "clock: free running",
      [judgeTime({ wallMs: Date.UTC(2027, 1), buildMs: undefined, isSynchronised: false })],
      "warning",
      "not synchronised",
    ],
    [
      "clock: right",
      [judgeTime({ wallMs: Date.UTC(2027, 1), buildMs: undefined, isSynchronised: true })],
      "ok",
      "synchronised",
    ],
  ]);

  test("the memory is read from the kernel's table", () => {
    expect(parseMeminfo("MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable:  50 kB\n")).toEqual({
      totalBytes: 102_400,
      availableBytes: 51_200,
    });
    expect(parseMeminfo("nothing")).toBeUndefined();
  });
});

/** The closing line of a test run tells the truth, also when the run broke. */
import { describe, expect, test } from "bun:test";
import { closingLine, summarise, type TestRun } from "../../scripts/test-summary.ts";

function report(total: number, failed: number, skipped: number): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="${total}" assertions="9" failures="${failed}" skipped="${skipped}" time="0.1">
  <testsuite name="a" tests="99" failures="99" skipped="99"></testsuite>
</testsuites>`;
}

function closing(run: Partial<TestRun>): string {
  return closingLine(summarise({ report: undefined, exitCode: 0, signal: undefined, ...run }));
}

describe("the closing line", () => {
  test.each([
    ["all passed", { report: report(5, 0, 0), exitCode: 0 }, "5 passed, 0 failed, 0 skipped"],
    ["skipped", { report: report(5, 0, 2), exitCode: 0 }, "3 passed, 0 failed, 2 skipped"],
    ["failed", { report: report(5, 1, 2), exitCode: 1 }, "2 passed, 1 failed, 2 skipped"],
    ["outside of tests", { report: report(5, 0, 0), exitCode: 1 }, "5 passed, 1 failed, 0 skipped"],
    ["none ran", { report: report(0, 0, 0), exitCode: 0 }, "0 passed, 1 failed, 0 skipped"],
    ["all skipped", { report: report(3, 0, 3), exitCode: 0 }, "0 passed, 1 failed, 3 skipped"],
    ["no report", { exitCode: 1 }, "0 passed, 1 failed, 0 skipped"],
    ["crashed", { exitCode: 139, signal: "SIGSEGV" }, "0 passed, 1 failed, 0 skipped"],
    ["broken report", { report: '<testsuites tests="5">' }, "0 passed, 1 failed, 0 skipped"],
  ])("%s", (_, run, line) => {
    expect(closing(run)).toBe(line);
  });
});

test("a crash is named", () => {
  const { remarks } = summarise({ report: undefined, exitCode: 139, signal: "SIGSEGV" });
  expect(remarks).toHaveLength(1);
  expect(remarks[0]).toContain("SIGSEGV");
});

/** The closing line of a test run tells the truth, also when the run broke. */
import { describe, expect, test } from "bun:test";
import {
  closingLine,
  failedFiles,
  summarise,
  type TestRun,
  withSecondRun,
} from "../../scripts/test-summary.ts";

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

describe("files that failed", () => {
  const whole = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="9" assertions="9" failures="3" skipped="1" time="0.1">
  <testsuite name="tests/a.test.ts" file="tests/a.test.ts" tests="4" assertions="9" failures="2" skipped="0">
    <testsuite name="within" file="tests/a.test.ts" line="5" tests="4" failures="2"></testsuite>
  </testsuite>
  <testsuite name="tests/b.test.ts" file="tests/b.test.ts" tests="3" assertions="9" failures="0" skipped="1">
  </testsuite>
  <testsuite name="tests/c.test.ts" file="tests/c.test.ts" tests="2" assertions="9" failures="1" skipped="0">
  </testsuite>
</testsuites>`;

  test("are named with how many tests, each once", () => {
    expect([...failedFiles(whole)]).toEqual([
      ["tests/a.test.ts", 2],
      ["tests/c.test.ts", 1],
    ]);
    expect(failedFiles(undefined).size).toBe(0);
  });

  test("count as they did when they were run again", () => {
    const first = summarise({ report: whole, exitCode: 1, signal: undefined });
    const again = (failed: number): string =>
      closingLine(
        withSecondRun(
          first,
          summarise({ report: report(6, failed, 0), exitCode: failed, signal: undefined }),
        ),
      );
    expect(again(0)).toBe("8 passed, 0 failed, 1 skipped");
    expect(again(1)).toBe("7 passed, 1 failed, 1 skipped");
    const crashed = summarise({ report: undefined, exitCode: 139, signal: "SIGSEGV" });
    expect(withSecondRun(first, crashed)).toEqual(first);
  });
});

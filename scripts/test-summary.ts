/** Reads how a test run went from its JUnit report and its exit code. */

export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What the counts do not show; one sentence each. */
  readonly remarks: readonly string[];
}

export interface TestRun {
  /** The report file's text; undefined when the run ended before it was written. */
  readonly report: string | undefined;
  readonly exitCode: number;
  /** The signal that ended the run, such as SIGSEGV. */
  readonly signal: string | undefined;
}

/** A run that failed, or in which no test ran, always counts at least one failure. */
export function summarise(run: TestRun): TestSummary {
  const counts = readCounts(run.report);
  const remarks: string[] = [];
  if (counts === undefined) {
    const end = run.signal === undefined ? `code ${run.exitCode}` : run.signal;
    remarks.push(`No test report was written (${end}): nothing is known to have passed.`);
    return { passed: 0, failed: 1, skipped: 0, remarks };
  }
  const { total, skipped } = counts;
  let { failed } = counts;
  const passed = total - failed - skipped;
  if (passed + failed === 0) {
    failed = 1;
    remarks.push("No test ran, which counts as one failure.");
  } else if (run.exitCode !== 0 && failed === 0) {
    failed = 1;
    remarks.push("An error outside of any test counts as one failure.");
  }
  return { passed, failed, skipped, remarks };
}

/** How many tests of which files failed, in the order of the report. */
export function failedFiles(report: string | undefined): ReadonlyMap<string, number> {
  const suites = report?.matchAll(
    /^ {2}<testsuite name="[^"]*" file="([^"]+)".*? failures="(\d+)"/gm,
  );
  const failed = [...(suites ?? [])].map(([, file, count]): [string, number] => [
    file ?? "",
    Number(count),
  ]);
  return new Map(failed.filter(([, count]) => count > 0));
}

/** What is known when the files that had failed were run again: their first result no longer counts. */
export function withSecondRun(first: TestSummary, second: TestSummary): TestSummary {
  // It broke off: nothing more is known.
  if (second.passed === 0) return first;
  const mended = first.failed - second.failed;
  return {
    passed: first.passed + mended,
    failed: second.failed,
    skipped: first.skipped,
    remarks: [...first.remarks, ...second.remarks],
  };
}

/** The last line of every test run. */
export function closingLine(summary: TestSummary): string {
  return `${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`;
}

interface Counts {
  readonly total: number;
  readonly failed: number;
  readonly skipped: number;
}

function readCounts(report: string | undefined): Counts | undefined {
  const root = /<testsuites [^>]*>/.exec(report ?? "")?.[0];
  if (root === undefined) return undefined;
  const count = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(root)?.[1]);
  const counts = { total: count("tests"), failed: count("failures"), skipped: count("skipped") };
  return Object.values(counts).some(Number.isNaN) ? undefined : counts;
}

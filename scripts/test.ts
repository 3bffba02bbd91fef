/** Runs `bun test` with the given arguments and ends with one line of counts. */
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { sourceConditions } from "./bootstrap/platform.mjs";
import { say } from "./bootstrap/terminal.mjs";
import { type LongHolds, watchHolds } from "./stolen-time.ts";
import {
  closingLine,
  failedFiles,
  summarise,
  type TestSummary,
  withSecondRun,
} from "./test-summary.ts";

const root = dirname(import.meta.dir);
const reportPath = join(root, "build", "test-report.xml");

/** Their calls are played in real time, so that they have holes when the machine stands still. */
const realTimeFolders = [
  "tests/browser/",
  "tests/end-to-end/",
  "tests/executable/",
  "tests/interop/",
];
interface Outcome {
  readonly summary: TestSummary;
  readonly exitCode: number;
  /** With how many failures. */
  readonly failed: ReadonlyMap<string, number>;
}

async function run(argv: readonly string[]): Promise<Outcome> {
  mkdirSync(dirname(reportPath), { recursive: true });
  rmSync(reportPath, { force: true });
  const reporter = ["--reporter=junit", `--reporter-outfile=${reportPath}`];
  const args = ["test", ...sourceConditions(), ...reporter, ...argv];
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: root,
    stdio: ["inherit", "inherit", "inherit"],
  });
  const stop = (): void => child.kill();
  process.on("SIGTERM", stop);
  const exitCode = await child.exited;
  process.off("SIGTERM", stop);
  const reportFile = Bun.file(reportPath);
  const report = (await reportFile.exists()) ? await reportFile.text() : undefined;
  const signal = typeof child.signalCode === "string" ? child.signalCode : undefined;
  const summary = summarise({ report, exitCode, signal });
  return { summary, exitCode, failed: failedFiles(report) };
}

/** Only what the host has spoilt is run again, once, and it is said. */
async function runAgain(
  { summary, failed }: Outcome,
  holds: LongHolds,
): Promise<Outcome | undefined> {
  const files = [...failed.keys()];
  const counted = [...failed.values()].reduce((sum, count) => sum + count, 0);
  const isRealTime = files.every((file) =>
    realTimeFolders.some((folder) => file.startsWith(folder)),
  );
  if (holds.count === 0 || files.length === 0 || !isRealTime) return undefined;
  if (counted !== summary.failed) return undefined;
  say(
    `${counted} tests with calls in real time failed, and ${holdsAsText(holds)}. ` +
      `They are run again: ${files.join(", ")}`,
  );
  return await run(files);
}

function holdsAsText({ count, longestMs }: LongHolds): string {
  return `the host held a processor back ${count} times, up to ${longestMs} ms at once`;
}

// Ctrl-C reaches the tests by itself; this process stays to say how far they came.
process.on("SIGINT", () => {});
const watch = watchHolds();
const first = await run(Bun.argv.slice(2));
const second = await runAgain(first, watch.holds);
watch.stop();
const summary = second === undefined ? first.summary : withSecondRun(first.summary, second.summary);
const { exitCode } = second ?? first;
for (const remark of summary.remarks) say(remark);
process.stdout.write(`${closingLine(summary)}\n`);
if (exitCode !== 0 || summary.failed > 0) process.exitCode = exitCode === 0 ? 1 : exitCode;

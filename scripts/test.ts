/** Runs `bun test` with the given arguments and ends with one line of counts. */
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { sourceConditions } from "./bootstrap/platform.mjs";
import { say } from "./bootstrap/terminal.mjs";
import { closingLine, summarise } from "./test-summary.ts";

const root = dirname(import.meta.dir);
const reportPath = join(root, "build", "test-report.xml");

mkdirSync(dirname(reportPath), { recursive: true });
rmSync(reportPath, { force: true });
const reporter = ["--reporter=junit", `--reporter-outfile=${reportPath}`];
const args = ["test", ...sourceConditions(), ...reporter, ...Bun.argv.slice(2)];
const child = Bun.spawn([process.execPath, ...args], {
  cwd: root,
  stdio: ["inherit", "inherit", "inherit"],
});
// Ctrl-C reaches the tests by itself; this process stays to say how far they came.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill());
const exitCode = await child.exited;
const reportFile = Bun.file(reportPath);
const report = (await reportFile.exists()) ? await reportFile.text() : undefined;
const signal = typeof child.signalCode === "string" ? child.signalCode : undefined;
const summary = summarise({ report, exitCode, signal });
for (const remark of summary.remarks) say(remark);
process.stdout.write(`${closingLine(summary)}\n`);
if (exitCode !== 0 || summary.failed > 0) process.exitCode = exitCode === 0 ? 1 : exitCode;

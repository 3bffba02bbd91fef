/** The support archive: what whoever helps needs to see, without private data, readable by its owner only. */
import { open } from "node:fs/promises";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { BoundedQueue } from "../core/bounded-queue.ts";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { showJson } from "../commands/config-show.ts";
import { planLogs } from "../supervisor/configured-plan.ts";
import { LogTail } from "../supervisor/log-tail.ts";
import { parseRecordLine } from "../supervisor/service-record.ts";
import { versionInfo } from "../version.ts";
import type { CheckResult } from "./check-runner.ts";
import { textOf } from "./configured.ts";
import { reportAsJson } from "./doctor-report.ts";
import { redact, redactRecord } from "./redaction.ts";
import type { Surroundings } from "./surroundings.ts";

const keptLogLines = 2000;
const privateMode = 0o600;

/** Throws a WildfireError("state") when the file is there already or cannot be written. */
export async function writeSupportArchive(
  path: string,
  surroundings: Surroundings,
  results: readonly CheckResult[],
): Promise<void> {
  const files = await archiveFiles(surroundings, results);
  const bytes = await new Bun.Archive(files, { compress: "gzip" }).bytes();
  const file = await open(path, "wx", privateMode).catch((error: unknown) => {
    throw notWritten(path, error);
  });
  try {
    await file.writeFile(bytes);
  } catch (error) {
    throw notWritten(path, error);
  } finally {
    await file.close();
  }
}

/** By their names in the archive. */
export async function archiveFiles(
  surroundings: Surroundings,
  results: readonly CheckResult[],
): Promise<Record<string, string>> {
  const { configured, statuses } = surroundings;
  const files: Record<string, string> = {
    "machine.json": pretty(aboutMachine()),
    "doctor.json": pretty(redact(JSON.parse(reportAsJson(results)))),
    "configuration.json": pretty(redact(JSON.parse(showJson(configured)))),
    "log.jsonl": await lastLogLines(surroundings),
  };
  for (const { service, pid, status, problem } of statuses) {
    files[`status/${service}-${pid}.json`] = pretty(redact(status ?? { problem }));
  }
  return files;
}

function aboutMachine(): Readonly<Record<string, unknown>> {
  return {
    ...versionInfo(),
    system: `${type()} ${release()}`,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
}

async function lastLogLines({ configured, env, stateFolder }: Surroundings): Promise<string> {
  const usual = planLogs({ file: undefined, env, stateFolder }).folder;
  const folder = textOf(configured.effective, "logs", "folder") ?? usual;
  const last = new BoundedQueue<string>(keptLogLines);
  const tail = new LogTail(folder, (line) => {
    const record = parseRecordLine(line);
    if (record !== undefined) last.push(redactRecord(record));
  });
  await tail.readOn().catch(() => undefined);
  await tail.close();
  const lines: string[] = [];
  for (let line = last.shift(); line !== undefined; line = last.shift()) lines.push(line);
  return lines.map((line) => `${line}\n`).join("");
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function notWritten(path: string, error: unknown): WildfireError {
  const errno = errnoOf(error);
  const hint =
    errno === "EEXIST"
      ? "name another file, or remove that one"
      : "name a file that can be written";
  const message = `${quote(path, 200)} cannot be written: ${formatErrno(errno)}`;
  return new WildfireError("state", message, { cause: error, hint });
}

/** A logger that keeps its records, for tests that assert on what people are told. */
import type { Clock } from "../../src/core/clock.ts";
import { createLogger, formatText, type Logger, type LogRecord } from "../../src/core/log.ts";

export interface MemoryLog {
  readonly log: Logger;
  readonly records: LogRecord[];
  /** All records as a reader sees them, private fields left out. */
  text(): string;
}

export function createMemoryLog(clock: Clock, level: "info" | "debug" = "debug"): MemoryLog {
  const records: LogRecord[] = [];
  const log = createLogger({ level, clock, sink: (record) => records.push(record) });
  return {
    log,
    records,
    text: () => records.map((record) => formatText(record, { showPrivate: false })).join("\n"),
  };
}

/**
 * Log records: a fixed message, fields beside it. What a caller said, numbers and prompts go into
 * `private` only, which the sink leaves out unless it was told to show it; secrets go nowhere.
 */
import type { Clock } from "./clock.ts";

export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogValue = string | number | boolean | null | undefined;

export interface LogFields {
  readonly [key: string]: LogValue | Readonly<Record<string, LogValue>>;
  readonly private?: Readonly<Record<string, LogValue>>;
}

export interface LogRecord {
  readonly wallMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its records. */
  child(fields: LogFields): Logger;
  isEnabled(level: LogLevel): boolean;
}

export type LogSink = (record: LogRecord) => void;

export interface LoggerOptions {
  /** Asked for each record where it may change. */
  readonly level: LogLevel | (() => LogLevel);
  readonly clock: Clock;
  readonly sink: LogSink;
}

export function createLogger(options: LoggerOptions, base: LogFields = {}): Logger {
  const { level: wanted } = options;
  const isEnabled = (level: LogLevel): boolean => {
    const most = typeof wanted === "string" ? wanted : wanted();
    return logLevels.indexOf(level) <= logLevels.indexOf(most);
  };
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (!isEnabled(level)) return;
    const wallMs = options.clock.wallMs();
    options.sink({ wallMs, level, message, fields: { ...base, ...fields } });
  };
  return {
    error: (message, fields) => write("error", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    info: (message, fields) => write("info", message, fields),
    debug: (message, fields) => write("debug", message, fields),
    child: (fields) => createLogger(options, { ...base, ...fields }),
    isEnabled,
  };
}

export interface FormatOptions {
  /** Show the fields marked private. */
  readonly showPrivate: boolean;
}

/** `12:30:01.250 warn  whisper: message  key=value` */
export function formatText(record: LogRecord, options: FormatOptions): string {
  const time = new Date(record.wallMs).toISOString().slice(11, 23);
  const service =
    typeof record.fields["service"] === "string" ? record.fields["service"] : "wildfire";
  const pairs: string[] = [];
  for (const [key, value] of visibleFields(record.fields, options)) {
    if (key !== "service") pairs.push(`${key}=${formatValue(value)}`);
  }
  const tail = pairs.length === 0 ? "" : `  ${pairs.join(" ")}`;
  return `${time} ${record.level.padEnd(5)} ${service}: ${record.message}${tail}`;
}

/** One JSON object on one line. */
export function formatJson(record: LogRecord, options: FormatOptions): string {
  const object: Record<string, LogValue> = {
    time: new Date(record.wallMs).toISOString(),
    level: record.level,
    message: record.message,
  };
  for (const [key, value] of visibleFields(record.fields, options)) object[key] = value;
  return JSON.stringify(object);
}

function* visibleFields(fields: LogFields, options: FormatOptions): Generator<[string, LogValue]> {
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value !== "object" || value === null) {
      if (value !== undefined) yield [key, value];
    } else if (key !== "private" || options.showPrivate) {
      yield* Object.entries(value);
    }
  }
}

function formatValue(value: LogValue): string {
  if (typeof value !== "string") return String(value);
  return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}

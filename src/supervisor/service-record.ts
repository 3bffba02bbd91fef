/** One line of the common log: what a service wrote, taken apart without trusting it. */
import {
  formatText,
  type LogLevel,
  logLevels,
  type LogRecord,
  type LogValue,
} from "../core/log.ts";

export interface ServiceRecord {
  readonly wallMs: number;
  readonly level: LogLevel;
  readonly service: string;
  readonly message: string;
  /** JSON values as they came. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Message of lines that are no log records: panics of the runtime, prints of libraries. */
export const rawOutputMessage = "output";

export interface ChildLine {
  readonly service: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** When it came. */
  readonly wallMs: number;
}

/**
 * What a child wrote, as a record. Undefined for empty lines, and for JSON on standard output: those are
 * results for programs, such as transcripts, which are private.
 */
export function recordOfChild({
  service,
  stream,
  text,
  wallMs,
}: ChildLine): ServiceRecord | undefined {
  if (text.trim() === "") return undefined;
  const object = text.startsWith("{") ? parseJsonObject(text) : undefined;
  if (stream === "stdout" && text.startsWith("{")) return undefined;
  const record = object === undefined ? undefined : recordOfObject(object, service);
  if (record !== undefined) return { ...record, service };
  return { wallMs, level: "info", service, message: rawOutputMessage, fields: { text, stream } };
}

/** A line of the log file; undefined when it is none, as where the disk was full in mid-line. */
export function parseRecordLine(line: string): ServiceRecord | undefined {
  const object = parseJsonObject(line);
  const service = object?.["service"];
  return object === undefined || typeof service !== "string"
    ? undefined
    : recordOfObject(object, service);
}

export function formatRecordJson(record: ServiceRecord): string {
  const { wallMs, level, service, message, fields } = record;
  return JSON.stringify({
    time: new Date(wallMs).toISOString(),
    level,
    service,
    message,
    ...fields,
  });
}

/** As people read it; what a field holds cannot steer their terminal. */
export function formatRecordText(record: ServiceRecord): string {
  const { wallMs, level, service, message, fields } = record;
  const scalars: Record<string, LogValue> = {};
  for (const [key, value] of Object.entries(fields)) scalars[key] = scalarOf(value);
  const logRecord: LogRecord = { wallMs, level, message, fields: { ...scalars, service } };
  return formatText(logRecord, { showPrivate: true }).replaceAll(/\p{Cc}+/gu, " ");
}

/** A record of our own logger; private fields are left out. */
export function recordOfLog({ wallMs, level, message, fields }: LogRecord): ServiceRecord {
  const { service, private: _, ...rest } = fields;
  return {
    wallMs,
    level,
    service: typeof service === "string" ? service : "supervisor",
    message,
    fields: rest,
  };
}

function recordOfObject(
  object: Readonly<Record<string, unknown>>,
  service: string,
): ServiceRecord | undefined {
  const { time, level, message, service: _, ...fields } = object;
  const wallMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  const known = logLevels.find((name) => name === level);
  if (!Number.isFinite(wallMs) || known === undefined || typeof message !== "string")
    return undefined;
  return { wallMs, level: known, service, message, fields };
}

function scalarOf(value: unknown): LogValue {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  return value === undefined ? undefined : JSON.stringify(value);
}

function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch {
    return undefined;
  }
}

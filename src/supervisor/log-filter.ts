/** Which records of the common log somebody wants to see: pure. */
import { type LogLevel, logLevels } from "../core/log.ts";
import type { ServiceRecord } from "./service-record.ts";

export interface LogFilter {
  readonly service: string | undefined;
  /** Id or key of a call. */
  readonly call: string | undefined;
  /** This one and worse. */
  readonly level: LogLevel;
  /** In the message or in a field, in whichever case. */
  readonly text?: string | undefined;
  /** From this moment on, and before that one. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** Names under which the services log what call a record is about. */
const callFields = ["call", "callId", "key"];

export function matchesFilter(record: ServiceRecord, filter: LogFilter): boolean {
  const { service, call, level, text } = filter;
  if (logLevels.indexOf(record.level) > logLevels.indexOf(level)) return false;
  if (!isWithin(record.wallMs, filter)) return false;
  if (service !== undefined && !isAbout(record, service)) return false;
  if (call !== undefined && !callFields.some((name) => namesCall(record.fields[name], call)))
    return false;
  return text === undefined || holdsText(record, text.toLowerCase());
}

function isWithin(wallMs: number, { fromMs, toMs }: LogFilter): boolean {
  return wallMs >= (fromMs ?? wallMs) && wallMs < (toMs ?? Number.POSITIVE_INFINITY);
}

function namesCall(value: unknown, call: string): boolean {
  return value === call || (typeof value === "number" && String(value) === call);
}

/** Its own records, and what the supervisor says of it. */
function isAbout({ service, fields }: ServiceRecord, wanted: string): boolean {
  return service === wanted || fields["about"] === wanted;
}

/** `text` in lower case. */
function holdsText({ message, fields }: ServiceRecord, text: string): boolean {
  if (message.toLowerCase().includes(text)) return true;
  return Object.entries(fields).some(([name, value]) =>
    `${name}=${textOf(value)}`.toLowerCase().includes(text),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

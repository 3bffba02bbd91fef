/** Which records of the common log somebody wants to see: pure. */
import { type LogLevel, logLevels } from "../core/log.ts";
import type { ServiceRecord } from "./service-record.ts";

export interface LogFilter {
  readonly service: string | undefined;
  /** Id or key of a call. */
  readonly call: string | undefined;
  /** This one and worse. */
  readonly level: LogLevel;
}

/** Names under which the services log what call a record is about. */
const callFields = ["call", "callId", "key"];

export function matchesFilter(record: ServiceRecord, { service, call, level }: LogFilter): boolean {
  if (logLevels.indexOf(record.level) > logLevels.indexOf(level)) return false;
  if (service !== undefined && !isAbout(record, service)) return false;
  return call === undefined || callFields.some((name) => namesCall(record.fields[name], call));
}

function namesCall(value: unknown, call: string): boolean {
  return value === call || (typeof value === "number" && String(value) === call);
}

/** Its own records, and what the supervisor says of it. */
function isAbout({ service, fields }: ServiceRecord, wanted: string): boolean {
  return service === wanted || fields["about"] === wanted;
}

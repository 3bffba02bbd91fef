/** What somebody asks of the log, from the fields of a form or of an address: pure. */
import { type LogLevel, logLevels } from "../core/log.ts";
import type { LogFilter } from "../supervisor/log-filter.ts";
import { type LogPosition, parsePosition } from "../supervisor/log-parts.ts";
import { RequestError } from "./answers.ts";
import type { RouteParameter } from "./route.ts";

/** As they were given; empty for those that were not. */
export interface LogFields {
  readonly service: string;
  readonly call: string;
  readonly level: string;
  readonly text: string;
  readonly from: string;
  readonly to: string;
}

export interface LogQuery {
  readonly fields: LogFields;
  readonly filter: LogFilter;
  readonly before: LogPosition | undefined;
}

export const logParameters: readonly RouteParameter[] = [
  {
    name: "service",
    in: "query",
    help: "only of this service, and what the supervisor says of it",
  },
  { name: "call", in: "query", help: "only of this call: its id or its key" },
  { name: "level", in: "query", help: "this level and worse; info without it", choices: logLevels },
  { name: "text", in: "query", help: "in the message or in a field, in whichever case" },
  {
    name: "from",
    in: "query",
    help: "not before that time; without a zone, in that of the server",
  },
  { name: "to", in: "query", help: "before that time" },
];

const maxCharacters = 200;
const names = ["service", "call", "level", "text", "from", "to"] as const;

/** Throws a RequestError(400). */
export function readLogQuery({ searchParams }: URL): LogQuery {
  const read = (name: string): string => {
    const text = (searchParams.get(name) ?? "").trim();
    if (text.length <= maxCharacters) return text;
    throw new RequestError(400, `the parameter ${name} is too long`);
  };
  const [service = "", call = "", level = "", text = "", from = "", to = ""] = names.map(read);
  const fields = { service, call, level, text, from, to };
  const filter = {
    service: service || undefined,
    call: call || undefined,
    level: readLevel(level),
    text: text || undefined,
    fromMs: readTime("from", from),
    toMs: readTime("to", to),
  };
  return { fields, filter, before: readPosition("before", read("before")) };
}

/** Undefined for an empty one. Throws a RequestError(400). */
export function readPosition(name: string, text: string): LogPosition | undefined {
  if (text === "") return undefined;
  const position = parsePosition(text);
  if (position !== undefined) return position;
  throw new RequestError(400, `the parameter ${name} is no place in the log`, {
    hint: "take it as an answer gave it",
  });
}

/** With `?`, or empty when nothing is given. */
export function logSearch(fields: LogFields, more: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries({ ...fields, ...more }).filter(([, value]) => value !== "");
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

function readLevel(text: string): LogLevel {
  if (text === "") return "info";
  const level = logLevels.find((known) => known === text);
  if (level !== undefined) return level;
  throw new RequestError(400, "the parameter level is none", {
    hint: `one of ${logLevels.join(", ")}`,
  });
}

function readTime(name: string, text: string): number | undefined {
  if (text === "") return undefined;
  const ms = Date.parse(text);
  if (Number.isFinite(ms)) return ms;
  throw new RequestError(400, `the parameter ${name} is no time`, {
    hint: "write it like 2026-11-23T12:30",
  });
}

/** What is asked of the history, from an address and back into one; the same for the API and the page. */
import type { CallFilter, PageMark } from "../../history/call-selection.ts";
import type { CallPageQuery } from "../../history/history-reader.ts";
import { RequestError } from "../answers.ts";
import type { RouteParameter } from "../route.ts";

const usualLimit = 50;
const maxLimit = 500;
export const maxTextCharacters = 200;

export const filterParameters: readonly RouteParameter[] = [
  { name: "text", in: "query", help: "words that were said; the last one may be incomplete" },
  { name: "remote", in: "query", help: "part of a number or a name" },
  { name: "line", in: "query", help: "line of the call" },
  { name: "from", in: "query", help: "calls that began then or later, ISO 8601" },
  { name: "before", in: "query", help: "calls that began earlier, ISO 8601" },
];

export const searchParameters: readonly RouteParameter[] = [
  ...filterParameters,
  {
    name: "limit",
    in: "query",
    help: `calls a page, ${usualLimit} unless told, at most ${maxLimit}`,
    kind: "integer",
  },
  { name: "after", in: "query", help: "`next` of a page: the older ones" },
  { name: "newer", in: "query", help: "`previous` of a page: the newer ones" },
];

/** Throws a RequestError(400) that says what is wrong. */
export function readQuery(params: URLSearchParams): CallPageQuery {
  return {
    filter: readFilter(params),
    limit: readLimit(params.get("limit")),
    ...readPlace(params),
  };
}

export function readFilter(params: URLSearchParams): CallFilter {
  return {
    ...readWords(params),
    fromMs: readTime(params, "from"),
    beforeMs: readTime(params, "before"),
  };
}

export function readPlace(params: URLSearchParams): Pick<CallPageQuery, "after" | "newerThan"> {
  return { after: readMark(params, "after"), newerThan: readMark(params, "newer") };
}

/** Without times. */
export function readWords(params: URLSearchParams): CallFilter {
  return {
    text: readText(params, "text"),
    remote: readText(params, "remote"),
    line: readText(params, "line"),
  };
}

export function writeMark({ startedMs, id }: PageMark): string {
  return `${startedMs}-${id}`;
}

/** A row is a number; keys are not. */
export function readWhich(text: string): string | number {
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}

export function notUsable(name: string, wanted: string): RequestError {
  return new RequestError(400, `the parameter ${name} is not usable`, { hint: `give ${wanted}` });
}

function readText(params: URLSearchParams, name: string): string | undefined {
  const text = params.get(name)?.trim() ?? "";
  if (text.length > maxTextCharacters)
    throw notUsable(name, `at most ${maxTextCharacters} characters`);
  return text === "" ? undefined : text;
}

function readTime(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name) ?? "";
  if (text === "") return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw notUsable(name, "a time such as 2026-01-31T12:00:00Z");
  return ms;
}

function readLimit(text: string | null): number {
  if (text === null || text === "") return usualLimit;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw notUsable("limit", `a whole number from 1 to ${maxLimit}`);
}

const markForm = /^(\d{1,15})-(\d{1,15})$/;

function readMark(params: URLSearchParams, name: string): PageMark | undefined {
  const text = params.get(name) ?? "";
  if (text === "") return undefined;
  const [, startedMs, id] = markForm.exec(text) ?? [];
  if (startedMs === undefined) throw notUsable(name, "what a page before told");
  return { startedMs: Number(startedMs), id: Number(id) };
}

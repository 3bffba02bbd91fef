/** The calls of the past: searched, one of them, exported. */
import { exportFormats } from "../../history/export-call.ts";
import type { CallPageQuery, PageMark } from "../../history/history-reader.ts";
import type { Appliance } from "../appliance.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import type { Route, RouteParameter } from "../route.ts";

const usualLimit = 50;
const maxLimit = 500;
const maxTextCharacters = 200;
const which: RouteParameter = { name: "call", in: "path", help: "row or key of the call" };

const searchParameters: readonly RouteParameter[] = [
  { name: "text", in: "query", help: "words that were said; the last one may be incomplete" },
  { name: "remote", in: "query", help: "part of a number or a name" },
  { name: "line", in: "query", help: "line of the call" },
  { name: "from", in: "query", help: "calls that began then or later, ISO 8601" },
  { name: "before", in: "query", help: "calls that began earlier, ISO 8601" },
  {
    name: "limit",
    in: "query",
    help: `calls a page, ${usualLimit} unless told, at most ${maxLimit}`,
    kind: "integer",
  },
  { name: "after", in: "query", help: "`next` of the page before" },
];

export function historyRoutes({ history }: Appliance): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/history",
      least: "viewer",
      kind: "api",
      summary: "Past calls, the latest first, a page at a time.",
      parameters: searchParameters,
      answer: { type: "application/json", help: "`calls`, and `next` where there are more" },
      async handle({ url }) {
        const { calls, next } = await history.page(readQuery(url.searchParams));
        return jsonAnswer({ calls, next: next === undefined ? null : writeMark(next) });
      },
    },
    {
      method: "GET",
      path: "/api/v1/history/{call}",
      least: "viewer",
      kind: "api",
      summary: "One past call with everything that was said and measured.",
      parameters: [which],
      answer: { type: "application/json", help: "the call" },
      async handle({ params: { call = "" } }) {
        return jsonAnswer((await history.call(readWhich(call))) ?? unknownCall());
      },
    },
    {
      method: "GET",
      path: "/api/v1/history/{call}/export",
      least: "viewer",
      kind: "api",
      action: "history export",
      summary: "One past call as a file.",
      parameters: [
        which,
        { name: "format", in: "query", help: "form of the file", choices: exportFormats },
      ],
      answer: { type: "application/octet-stream", help: "the file, of the type of its format" },
      async handle({ params: { call = "" }, url }) {
        const wanted = url.searchParams.get("format") ?? "json";
        const format = exportFormats.find((name) => name === wanted);
        if (format === undefined) {
          throw new RequestError(400, "there is no such format", {
            hint: exportFormats.join(", "),
          });
        }
        const file = (await history.export(readWhich(call), format)) ?? unknownCall();
        const name = file.fileName.replaceAll(/[^\w.-]/g, "_");
        return new Response(file.text, {
          headers: {
            "content-type": file.contentType,
            "content-disposition": `attachment; filename="${name}"`,
          },
        });
      },
    },
  ];
}

function unknownCall(): never {
  throw new RequestError(404, "there is no such call", { hint: "/api/v1/history lists them" });
}

/** A row is a number; keys are not. */
function readWhich(text: string): string | number {
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function readQuery(params: URLSearchParams): CallPageQuery {
  return {
    filter: {
      text: readText(params, "text"),
      remote: readText(params, "remote"),
      line: readText(params, "line"),
      fromMs: readTime(params, "from"),
      beforeMs: readTime(params, "before"),
    },
    limit: readLimit(params.get("limit")),
    after: readMark(params.get("after")),
  };
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

function writeMark({ startedMs, id }: PageMark): string {
  return `${startedMs}-${id}`;
}

function readMark(text: string | null): PageMark | undefined {
  if (text === null || text === "") return undefined;
  const [, startedMs, id] = markForm.exec(text) ?? [];
  if (startedMs === undefined) throw notUsable("after", "`next` of the page before");
  return { startedMs: Number(startedMs), id: Number(id) };
}

function notUsable(name: string, wanted: string): RequestError {
  return new RequestError(400, `the parameter ${name} is not usable`, { hint: `give ${wanted}` });
}

/** The calls of the past: searched, one of them, its sound, exported, removed. */
import { exportFormats, recordOf } from "../../history/export-call.ts";
import { listFormats } from "../../history/export-list.ts";
import type { Appliance, History } from "../appliance.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import { fileAnswer } from "../file-answer.ts";
import type { Route, RouteParameter, WebRequest } from "../route.ts";
import {
  filterParameters,
  readFilter,
  readQuery,
  readWhich,
  searchParameters,
  writeMark,
} from "./history-query.ts";
import { ListExports } from "./list-export.ts";

const which: RouteParameter = { name: "call", in: "path", help: "row or key of the call" };

export function historyRoutes({ history }: Appliance): readonly Route[] {
  // Behind the list's own addresses, since a call may be named by anything.
  return [...listRoutes(history), ...callRoutes(history)];
}

function listRoutes(history: History): readonly Route[] {
  const exports = new ListExports(history);
  return [
    {
      method: "GET",
      path: "/api/v1/history",
      least: "viewer",
      kind: "api",
      summary: "Past calls, the latest first, a page at a time.",
      parameters: searchParameters,
      answer: {
        type: "application/json",
        help: "`calls`, `next` where there are older ones, `previous` where there are newer ones",
      },
      async handle({ url }) {
        const { calls, next, previous } = await history.page(readQuery(url.searchParams));
        return jsonAnswer({
          calls,
          next: next === undefined ? null : writeMark(next),
          previous: previous === undefined ? null : writeMark(previous),
        });
      },
    },
    {
      method: "GET",
      path: "/api/v1/history/export",
      least: "viewer",
      kind: "api",
      action: "history export",
      summary:
        "All past calls that are found, as one file: CSV a line each, JSON with all that is known.",
      parameters: [
        ...filterParameters,
        { name: "format", in: "query", help: "form of the file", choices: listFormats },
      ],
      answer: { type: "application/octet-stream", help: "the file, of the type of its format" },
      handle: ({ url, request: { method } }) =>
        exports.open({ url, method }, readFilter(url.searchParams)),
    },
  ];
}

function callRoutes(history: History): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/history/{call}",
      least: "viewer",
      kind: "api",
      summary: "One past call with everything that was said and measured.",
      parameters: [which],
      answer: { type: "application/json", help: "the call" },
      async handle({ params: { call: name = "" } }) {
        const call = (await history.call(readWhich(name))) ?? unknownCall();
        return jsonAnswer({ id: call.id, ...recordOf(call) });
      },
    },
    {
      method: "DELETE",
      path: "/api/v1/history/{call}",
      least: "admin",
      kind: "api",
      action: "history remove",
      summary: "Removes one past call with all that is known of it, and its recordings.",
      parameters: [which],
      answer: { type: "application/json", help: "`message`" },
      handle: ({ params: { call = "" } }) => remove(history, call),
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
      handle: (request) => exportOne(history, request),
    },
    {
      method: "GET",
      path: "/api/v1/history/{call}/audio/{number}",
      least: "viewer",
      kind: "api",
      action: "history audio",
      summary: "A recording of one past call: the caller on the left, the agent on the right.",
      parameters: [
        which,
        { name: "number", in: "path", help: "which recording, from 1 on", kind: "integer" },
        { name: "range", in: "header", help: "which bytes, RFC 9110" },
      ],
      answer: { type: "audio/wav", help: "the sound, or the part of it that was asked for" },
      handle: (request) => recordingOf(history, request),
    },
  ];
}

function remove(history: History, call: string): Response {
  switch (history.remove(readWhich(call))) {
    case "removed":
      return jsonAnswer({ message: "The call is removed." });
    case "unknown":
      return unknownCall();
    case "too-early":
      throw new RequestError(409, "the call goes on, or has just ended", {
        hint: "try again a quarter of a minute after its end",
      });
  }
}

async function exportOne(
  history: History,
  { params: { call = "" }, url }: WebRequest,
): Promise<Response> {
  const wanted = url.searchParams.get("format") ?? "json";
  const format = exportFormats.find((name) => name === wanted);
  if (format === undefined)
    throw new RequestError(400, "there is no such format", { hint: exportFormats.join(", ") });
  const file = (await history.export(readWhich(call), format)) ?? unknownCall();
  const name = file.fileName.replaceAll(/[^\w.-]/g, "_");
  return new Response(file.text, {
    headers: {
      "content-type": file.contentType,
      "content-disposition": `attachment; filename="${name}"`,
    },
  });
}

async function recordingOf(
  history: History,
  { params: { call: name = "", number = "" }, request }: WebRequest,
): Promise<Response> {
  const call = (await history.call(readWhich(name))) ?? unknownCall();
  const audio = /^\d{1,4}$/.test(number) ? call.audio[Number(number) - 1] : undefined;
  const file = audio === undefined ? undefined : await history.recording(audio.path);
  if (file === undefined) {
    throw new RequestError(404, "the call has no such recording", {
      hint: "recordings are kept with `audio = true` under [history], and go with the oldest calls",
    });
  }
  return fileAnswer(request, { ...file, type: "audio/wav" });
}

function unknownCall(): never {
  throw new RequestError(404, "there is no such call", { hint: "/api/v1/history lists them" });
}

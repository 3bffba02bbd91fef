/**
 * Many calls as one file, made piece by piece so that neither the whole nor a long list is ever held: CSV
 * has a line for each call, JSON everything that is known of each.
 */
import type { CallSummary } from "./call-record.ts";
import type { PageMark } from "./call-selection.ts";
import { csvLine } from "./csv.ts";
import { recordOf } from "./export-call.ts";
import type { CallPageQuery, HistoryReader } from "./history-reader.ts";

export const listFormats = ["csv", "json"] as const;
export type ListFormat = (typeof listFormats)[number];

export interface ListQuery {
  readonly format: ListFormat;
  readonly filter: CallPageQuery["filter"];
  /** `next` of the piece before. */
  readonly after?: PageMark | undefined;
}

export interface ListPiece {
  readonly text: string;
  readonly next: PageMark | undefined;
}

interface ListFrame {
  readonly contentType: string;
  readonly head: string;
  /** Between two pieces. */
  readonly separator: string;
  readonly tail: string;
}

/** Some tens of milliseconds of reading; others ask meanwhile. */
const callsAtOnce: Readonly<Record<ListFormat, number>> = { csv: 500, json: 50 };
/** A piece ends behind the call that brings it over this. */
const pieceCharacters = 256 * 1024;

const callColumns = [
  "direction",
  "line",
  "remote",
  "name",
  "language",
  "utterances",
  "turns",
  "answerMs",
  "endedBy",
  "endReason",
  "status",
  "codec",
  "meanOpinionScore",
  "jitterMs",
  "lossFraction",
] as const;

/** What stands around the pieces. */
export const listFrames: Readonly<Record<ListFormat, ListFrame>> = {
  csv: {
    contentType: "text/csv; charset=utf-8",
    head: csvLine(["call", "started", "answered", "ended", "seconds", ...callColumns]),
    separator: "",
    tail: "",
  },
  json: { contentType: "application/json", head: "[\n", separator: ",\n", tail: "\n]\n" },
};

export function listPiece(reader: HistoryReader, { format, filter, after }: ListQuery): ListPiece {
  const page = reader.page({ filter, after, limit: callsAtOnce[format] });
  if (format === "csv") return { text: page.calls.map(callLine).join(""), next: page.next };
  const texts: string[] = [];
  let characters = 0;
  for (const { id, startedMs } of page.calls) {
    const call = reader.call(id);
    if (call === undefined) continue;
    const text = JSON.stringify(recordOf(call));
    texts.push(text);
    characters += text.length;
    const isLast = id === page.calls.at(-1)?.id;
    if (characters >= pieceCharacters && !isLast)
      return { text: texts.join(",\n"), next: { startedMs, id } };
  }
  return { text: texts.join(",\n"), next: page.next };
}

function callLine(call: CallSummary): string {
  const { id, startedMs, answeredMs, endedMs } = call;
  const ms = endedMs === null ? null : endedMs - (answeredMs ?? startedMs);
  return csvLine([
    id,
    isoOf(startedMs),
    isoOf(answeredMs),
    isoOf(endedMs),
    ms === null ? "" : Math.max(0, Math.round(ms / 1000)),
    ...callColumns.map((name) => call[name] ?? ""),
  ]);
}

function isoOf(ms: number | null): string {
  return ms === null ? "" : new Date(ms).toISOString();
}

/** A call as a file: JSON with everything, CSV for tables, text for people; pure. */
import { basename } from "node:path";
import type { CallRecord, TurnRecord, UtteranceRecord } from "./call-record.ts";
import { csvLine } from "./csv.ts";
import { exchangeCallName } from "./exchange-call.ts";
import { turnTimes } from "./turn-times.ts";

export const exportFormats = ["json", "csv", "text"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportedCall {
  readonly fileName: string;
  readonly contentType: string;
  readonly text: string;
}

export function exportCall(call: CallRecord, format: ExportFormat): ExportedCall {
  const stem = `call-${stampOf(call.startedMs)}-${call.id}`;
  switch (format) {
    case "json":
      return {
        fileName: `${stem}.json`,
        contentType: "application/json",
        text: jsonOf(call),
      };
    case "csv":
      return { fileName: `${stem}.csv`, contentType: "text/csv; charset=utf-8", text: csvOf(call) };
    case "text":
      return {
        fileName: `${stem}.txt`,
        contentType: "text/plain; charset=utf-8",
        text: textOf(call),
      };
  }
}

function jsonOf(call: CallRecord): string {
  return `${JSON.stringify(recordOf(call), undefined, 2)}\n`;
}

/** A call as values, without what only this machine can use. */
export function recordOf(call: CallRecord): Readonly<Record<string, unknown>> {
  const { id: _id, said, events, heard, audio, ...summary } = call;
  return {
    ...summary,
    started: isoOf(call.startedMs),
    ended: call.endedMs === null ? null : isoOf(call.endedMs),
    heard: heard.map(({ invention, ...one }) => ({ ...one, invention: parsed(invention) })),
    said: said.map(({ isAllHeard, isInterrupted, ...turn }) => ({
      ...turn,
      isAllHeard: isAllHeard !== 0,
      isInterrupted: isInterrupted !== 0,
    })),
    events: events.map(({ fields, ...event }) => ({ ...event, fields: parsed(fields) })),
    audio: audio.map(({ path, ...one }) => ({ ...one, file: basename(path) })),
  };
}

interface Spoken {
  readonly atMs: number;
  readonly who: "caller" | "agent";
  readonly text: string;
  readonly utterance?: UtteranceRecord;
  readonly turn?: TurnRecord;
}

/** Both sides in the order in which they spoke. */
function conversationOf({ heard, said }: CallRecord): readonly Spoken[] {
  const caller = heard
    .filter(({ text }) => text !== "")
    .map((utterance): Spoken => {
      const { atMs, text } = utterance;
      return { atMs, who: "caller", text, utterance };
    });
  const agent = said
    .filter(({ answer }) => answer !== "")
    .map((turn): Spoken => ({ atMs: turn.atMs, who: "agent", text: turn.answer, turn }));
  return [...caller, ...agent].toSorted((one, other) => one.atMs - other.atMs);
}

const turnColumns = ["turn", "outcome", ...turnTimes, "tokens"] as const;

function csvOf(call: CallRecord): string {
  const head = [
    "time",
    "who",
    "text",
    "startMs",
    "endMs",
    "language",
    "interrupted",
    ...turnColumns,
  ];
  const rows = conversationOf(call).map(({ atMs, who, text, utterance, turn }) => [
    isoOf(atMs),
    who,
    text,
    utterance?.startMs ?? "",
    utterance?.endMs ?? "",
    utterance?.language ?? "",
    interruptedOf(turn),
    ...turnColumns.map((name) => turn?.[name] ?? ""),
  ]);
  return [head, ...rows].map(csvLine).join("");
}

function interruptedOf(turn: TurnRecord | undefined): string {
  if (turn === undefined) return "";
  return turn.isInterrupted === 0 ? "no" : "yes";
}

function textOf(call: CallRecord): string {
  const { startedMs, endedMs, answeredMs, endedBy, endReason } = call;
  const end = [endedBy, endReason].filter((part) => part !== "").join(": ");
  const head = [
    ...titleOf(call),
    `Began ${isoOf(startedMs)}`,
    endedMs === null
      ? "Not ended"
      : `Ended ${isoOf(endedMs)} after ${secondsOf(endedMs - (answeredMs ?? startedMs))} s` +
        (end === "" ? "" : ` (${end})`),
  ];
  const lines = conversationOf(call).map(({ atMs, who, text, turn }) => {
    const cut = turn === undefined || turn.isInterrupted === 0 ? "" : " [interrupted]";
    return `${isoOf(atMs).slice(11, 19)} ${who === "caller" ? "Caller" : "Agent"}: ${onOneLine(text)}${cut}`;
  });
  return `${[...head.map(onOneLine), "", ...lines].join("\n")}\n`;
}

function titleOf({ service, direction, name, remote, line }: CallRecord): readonly string[] {
  const exchangeCall = exchangeCallName(service, remote);
  if (exchangeCall !== undefined) return [exchangeCall, `UUID ${remote}`];
  const whom = [name, remote].filter((part) => part !== "").join(" ") || "unknown";
  const way = direction === "outgoing" ? "to" : "from";
  return [`Call ${way} ${whom}${line === "" ? "" : ` on ${line}`}`];
}

/** Control characters of a stranger have no business in a terminal. */
function onOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

function stampOf(ms: number): string {
  return isoOf(ms).slice(0, 19).replaceAll(/[-:]/g, "");
}

function secondsOf(ms: number): number {
  return Math.max(0, Math.round(ms / 1000));
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

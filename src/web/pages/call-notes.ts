/** What happened in a call besides talking, in words: keys, tools, transfers, holding. */
import { type Fields, numberIn, textIn } from "../../services/event-fields.ts";
import { wholeMs } from "./times.ts";

type Note = (fields: Fields) => string;

const notes: ReadonlyMap<string, Note> = new Map<string, Note>([
  ["digit", (fields) => `The caller pressed ${textIn(fields, "digit")}`],
  ["digits", (fields) => `The agent pressed ${textIn(fields, "digits")}`],
  ["back-channel", (fields) => `The caller said “${textIn(fields, "text")}” meanwhile`],
  ["hold", hold],
  ["transfer", transfer],
  ["tool", tool],
]);

/** Undefined for what is no part of the conversation. */
export function callNote(kind: string, fields: Fields): string | undefined {
  return notes.get(kind)?.(fields);
}

/** Fields of an event as the history keeps them; none when they are no JSON object. */
export function readEventFields(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

function hold(fields: Fields): string {
  const who = textIn(fields, "by") === "us" ? "The agent" : "The other side";
  return fields["isHeld"] === true
    ? `${who} put the call on hold`
    : `${who} took the call back from hold`;
}

function transfer(fields: Fields): string {
  const to = textIn(fields, "to");
  if (fields["ok"] === true) return `The caller was transferred to ${to}`;
  const [status, reason] = [numberIn(fields, "status"), textIn(fields, "reason")];
  const why = [status === undefined ? "" : String(status), reason].filter((text) => text !== "");
  return `The transfer to ${to} failed${why.length === 0 ? "" : `: ${why.join(" ")}`}`;
}

function tool(fields: Fields): string {
  const ms = numberIn(fields, "tookMs");
  const took = ms === undefined ? "" : ` (${wholeMs(ms)})`;
  const call = `${textIn(fields, "name")}${argumentsOf(textIn(fields, "arguments"))}`;
  return `Tool ${call}: ${textIn(fields, "outcome")}, ${textIn(fields, "text")}${took}`;
}

function argumentsOf(text: string): string {
  return text === "" || text === "{}" ? "" : ` ${text}`;
}

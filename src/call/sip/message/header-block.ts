/** The headers of a message as text: unfolded, under their usual names, sorted by who reads them. */
import { quote } from "../../../core/errors.ts";
import { consistsOf, tokenCharacters } from "./character-sets.ts";
import { trimSpace } from "./field-reader.ts";
import {
  isSingleName,
  isStructuredName,
  usualHeaderName,
  type StructuredName,
} from "./header-names.ts";
import { maxHeaderLength, maxHeaders } from "./sip-limits.ts";
import type { SipHeader } from "./sip-message.ts";
import { malformed, SipProblem } from "./sip-problem.ts";
import { isSafeText } from "./text-safety.ts";

/** All values of the structured headers, as they came. */
export type StructuredValues = Readonly<Record<StructuredName, readonly string[]>>;

export interface HeaderBlock {
  readonly structured: StructuredValues;
  readonly others: readonly SipHeader[];
  /** The first thing that was wrong; what could be read is there all the same. */
  readonly problem: SipProblem | undefined;
}

const tab = 0x09;
const space = 0x20;
const carriageReturn = 0x0d;

/** Lines end with CRLF or LF alone; the text ends where the empty line is, or before. */
export function readHeaderBlock(text: string): HeaderBlock {
  const structured = emptyValues();
  const others: SipHeader[] = [];
  let problem: SipProblem | undefined;
  for (const line of unfoldedLines(text)) {
    const header = readHeader(line);
    if (header instanceof SipProblem) problem ??= header;
    else if (isStructuredName(header.name)) structured[header.name].push(header.value);
    else problem ??= keep(header, others);
  }
  return { structured, others, problem };
}

/** Each header on one line; what is folded is joined by one space (section 7.3.1). */
export function* unfoldedLines(text: string): Generator<string> {
  let at = 0;
  while (at < text.length) {
    const end = lineEnd(text, at);
    let line = text.slice(at, withoutReturn(text, at, end));
    at = end + 1;
    while (isFolded(text, at)) {
      const foldEnd = lineEnd(text, at);
      line += ` ${trimSpace(text.slice(at, withoutReturn(text, at, foldEnd)))}`;
      at = foldEnd + 1;
    }
    yield line;
  }
}

/** The header of an unfolded line, under its usual name. */
export function readHeader(line: string): SipHeader | SipProblem {
  if (line.length > maxHeaderLength) {
    return new SipProblem(400, `a header is longer than ${maxHeaderLength}: ${quote(line)}`);
  }
  const colon = line.indexOf(":");
  const name = colon < 0 ? "" : trimSpace(line.slice(0, colon));
  // Only the very first header can begin with a space: it would continue the start line.
  if (isFolded(line, 0) || !consistsOf(name, tokenCharacters)) return malformed("header", line);
  const value = trimSpace(line.slice(colon + 1));
  if (!isSafeText(value)) return malformed(`control character in ${name}`, value);
  return { name: usualHeaderName(name), value };
}

function keep(header: SipHeader, others: SipHeader[]): SipProblem | undefined {
  if (others.length >= maxHeaders) return new SipProblem(400, `more than ${maxHeaders} headers`);
  if (isSingleName(header.name) && others.some(({ name }) => name === header.name)) {
    return new SipProblem(400, `${header.name} comes twice: ${quote(header.value)}`);
  }
  others.push(header);
  return undefined;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function withoutReturn(text: string, from: number, end: number): number {
  return end > from && text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end;
}

function isFolded(text: string, at: number): boolean {
  const first = text.charCodeAt(at);
  return first === space || first === tab;
}

function emptyValues(): Record<StructuredName, string[]> {
  return {
    Via: [],
    From: [],
    To: [],
    "Call-ID": [],
    CSeq: [],
    Contact: [],
    Route: [],
    "Record-Route": [],
    "Max-Forwards": [],
    "Content-Length": [],
  };
}

/**
 * Datagrams that tell what became of a call's sound and texts, such as `PLAYED:111 stream=1
 * samples=4800 wait=12 over=1`. Additions of ours, which legacy peers ignore.
 */
import { quote } from "../core/errors.ts";
import { type CallId, parseCallId } from "./call-id.ts";
import { maxDatagramBytes } from "./registration.ts";

/**
 * `played`, outbound to the socket that its REGISTER came from: of the reply number `stream` on this
 * connection, from 1, the line has taken `samples`, at the rate in which they came; the first of them
 * `wait` ms after it had come. Told when a reply is first heard, and when it is `over` (1): played to
 * its end or interrupted.
 *
 * `heard`, voice to llama (UDP, the number of its TCP port): of the text number `text` since HELLO,
 * from 1, the caller has heard `samples` of the `of` that it has; `of` is a guess while the text is not
 * wholly spoken, and texts before this one are through. `voice`: ms from the text to its first sound;
 * `wait`: from there to the line. Told when a text is first heard (no samples), to its end, and when
 * the caller interrupts.
 *
 * `turn`, whisper to llama, before the transcript that it is about: the caller has been silent for
 * `silence` ms, and the text took `text` ms more.
 */
const fields = {
  played: ["stream", "samples", "wait", "over"],
  heard: ["text", "samples", "of", "voice", "wait"],
  turn: ["silence", "text"],
} as const;

export type ReportKind = keyof typeof fields;
export type ReportValues<Kind extends ReportKind> = Readonly<
  Record<(typeof fields)[Kind][number], number>
>;

interface ReportOf<Kind extends ReportKind> {
  readonly kind: Kind;
  readonly callId: CallId;
  readonly values: ReportValues<Kind>;
}

export type PlayedReport = ReportOf<"played">;
export type HeardReport = ReportOf<"heard">;
export type TurnReport = ReportOf<"turn">;
export type Report = PlayedReport | HeardReport | TurnReport;

export interface RefusedReport {
  readonly kind: "refused";
  readonly reason: "oversized" | "unknown-verb" | "bad-call-id" | "bad-value";
  /** The start of the datagram, quoted for a log. */
  readonly quoted: string;
}

const shape = /^([A-Z]{1,16}):([^ ]{1,16})((?: [a-z]{1,16}=\d{1,15}){0,16})$/;
const pair = /([a-z]+)=(\d+)/g;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads one datagram; values that this version does not know are ignored. Never throws. */
export function parseReport(bytes: Uint8Array): Report | RefusedReport {
  const text = decoder.decode(bytes.subarray(0, maxDatagramBytes)).trim();
  const refuse = (reason: RefusedReport["reason"]): RefusedReport => ({
    kind: "refused",
    reason,
    quoted: quote(text),
  });
  if (bytes.length > maxDatagramBytes) return refuse("oversized");
  const [, verb = "", id = "", pairs = ""] = shape.exec(text) ?? [];
  const parsed = parseCallId(id);
  const given = new Map([...pairs.matchAll(pair)].map(([, name, value]) => [name, Number(value)]));
  const kind = verb.toLowerCase();
  if (!isReportKind(kind)) return refuse(verb === "" ? "bad-value" : "unknown-verb");
  if (!parsed.ok) return refuse("bad-call-id");
  const report = readReport(kind, parsed.callId, given);
  return report ?? refuse("bad-value");
}

function readReport(
  kind: ReportKind,
  callId: CallId,
  given: ReadonlyMap<string | undefined, number>,
): Report | undefined {
  switch (kind) {
    case "played": {
      const values = read(kind, given);
      return values && { kind, callId, values };
    }
    case "heard": {
      const values = read(kind, given);
      return values && { kind, callId, values };
    }
    case "turn": {
      const values = read(kind, given);
      return values && { kind, callId, values };
    }
  }
}

/** Undefined when one is missing. */
function read<Kind extends ReportKind>(
  kind: Kind,
  given: ReadonlyMap<string | undefined, number>,
): ReportValues<Kind> | undefined {
  const values: Record<string, number> = {};
  for (const name of fields[kind]) {
    const value = given.get(name);
    if (value === undefined) return undefined;
    values[name] = value;
  }
  return isComplete(kind, values) ? values : undefined;
}

function isComplete<Kind extends ReportKind>(
  kind: Kind,
  values: Readonly<Record<string, number>>,
): values is ReportValues<Kind> {
  return fields[kind].every((name) => name in values);
}

function isReportKind(kind: string): kind is ReportKind {
  return Object.hasOwn(fields, kind);
}

/** The datagram; what is no count becomes one: fractions are rounded, the rest is 0. */
export function encodeReport(report: Report): Uint8Array {
  const { kind, callId } = report;
  const values: Readonly<Record<string, number>> = report.values;
  const pairs = fields[kind].map((name) => `${name}=${count(values[name])}`);
  return new TextEncoder().encode(`${kind.toUpperCase()}:${callId.text} ${pairs.join(" ")}`);
}

const longestCount = 999_999_999_999;

function count(value = 0): number {
  return Number.isFinite(value) ? Math.min(longestCount, Math.max(0, Math.round(value))) : 0;
}

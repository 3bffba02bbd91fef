/** A past call as a conversation: who said what and when, what of it was heard, and what happened between. */
import type { CallRecord, TurnRecord, UtteranceRecord } from "../../history/call-record.ts";
import { markFound } from "../../history/found-words.ts";
import type { SearchTerm } from "../../history/search-expression.ts";
import { type Html, html } from "../html.ts";
import { type Fields, textIn } from "../../services/event-fields.ts";
import { callNote, readEventFields } from "./call-notes.ts";
import { marked } from "./call-words.ts";
import { clockTime, isoTime, lengthOf, wholeMs } from "./times.ts";

export interface TranscriptOptions {
  readonly call: CallRecord;
  /** Words that were searched for. */
  readonly terms: readonly SearchTerm[];
  /** Wall clock of the first sample of the recording that is on the page. */
  readonly audioStartMs: number | undefined;
}

interface Line {
  readonly atMs: number;
  readonly html: Html;
}

/** Of one page; a longer call is read from its export. */
const maxLines = 2000;

export function callTranscript(options: TranscriptOptions): Html {
  const { call } = options;
  const lines = [
    ...call.heard.filter(({ text }) => text !== "").map((one) => callerLine(one, options)),
    ...call.said.filter(({ answer }) => answer !== "").map((turn) => agentLine(turn, options)),
    ...call.events.flatMap((event): Line[] => {
      const fields = readEventFields(event.fields);
      const note = callNote(event.kind, fields);
      return note === undefined ? [] : [noteLine(event.atMs, note, options)];
    }),
  ].toSorted((one, other) => one.atMs - other.atMs);
  if (lines.length === 0) return html`<p class="nothing">Nothing was said that was understood.</p>`;
  return html`<ol class="transcript said">
      ${lines.slice(0, maxLines).map((line) => line.html)}
    </ol>
    ${
      lines.length > maxLines &&
      html`<p class="hint">The rest is in the file that is saved from this page.</p>`
    }`;
}

function callerLine(utterance: UtteranceRecord, options: TranscriptOptions): Line {
  const { text } = utterance;
  const atMs = beginOf(utterance);
  return {
    atMs,
    html: html`<li class="caller">
      ${head("Caller", atMs, options)} <span>${marked(markFound(text, options.terms))}</span>
      ${figures(utterance)}
    </li>`,
  };
}

/** When the caller began to say it; the text is there later. */
function beginOf({ atMs, startMs, endMs, silenceMs, textMs }: UtteranceRecord): number {
  const spokenMs = startMs === null || endMs === null ? 0 : Math.max(0, endMs - startMs);
  return atMs - spokenMs - (silenceMs ?? 0) - (textMs ?? 0);
}

function figures(utterance: UtteranceRecord): Html | undefined {
  const { averageLogProbability, noSpeechProbability, speechProbability } = utterance;
  const rows: [string, string | undefined][] = [
    ["Mean probability of a word", shown(averageLogProbability, (log) => fraction(Math.exp(log)))],
    ["Probability of speech", shown(speechProbability, fraction)],
    ["Probability of no speech", shown(noSpeechProbability, fraction)],
    ["Language", utterance.language === "" ? undefined : utterance.language],
    ["Silence before it counted", shown(utterance.silenceMs, wholeMs)],
    ["Waited for a lane", shown(utterance.queuedMs, wholeMs)],
    ["Recognised within", shown(utterance.decodeMs, wholeMs)],
  ];
  const known = rows.filter(([, value]) => value !== undefined);
  if (known.length === 0) return undefined;
  return html`<details class="figures">
    <summary>Figures</summary>
    <dl>
      ${known.map(
        ([what, value]) =>
          html`<div>
            <dt>${what}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </details>`;
}

function shown(value: number | null, format: (value: number) => string): string | undefined {
  return value === null ? undefined : format(value);
}

function fraction(value: number): string {
  return value.toFixed(2);
}

function agentLine(turn: TurnRecord, options: TranscriptOptions): Line {
  const { atMs } = turn;
  return {
    atMs,
    html: html`<li class="agent">
      ${head("Agent", atMs + untilHeardMs(turn), options)} ${answerOf(turn, options.terms)}
      ${turn.isInterrupted !== 0 && html`<i>interrupted</i>`}
      ${turn.outcome.startsWith("failed") && html`<i>${turn.outcome}</i>`}
    </li>`,
  };
}

function untilHeardMs({ firstTokenMs, clauseMs, voiceMs, lineMs }: TurnRecord): number {
  return (firstTokenMs ?? 0) + (clauseMs ?? 0) + (voiceMs ?? 0) + (lineMs ?? 0);
}

/** What the caller did not hear any more is told apart. */
function answerOf(
  { answer, heardCharacters, isAllHeard }: TurnRecord,
  terms: readonly SearchTerm[],
): Html {
  const isCut = heardCharacters !== null && isAllHeard === 0 && heardCharacters < answer.length;
  if (!isCut) return html`<span>${marked(markFound(answer, terms))}</span>`;
  const [heard, unheard] = [answer.slice(0, heardCharacters), answer.slice(heardCharacters)];
  return html`<span>${marked(markFound(heard, terms))}</span
    ><span class="unheard"
      ><span class="sr-only">, not heard: </span>${marked(markFound(unheard, terms))}</span
    >`;
}

function noteLine(atMs: number, note: string, options: TranscriptOptions): Line {
  return {
    atMs,
    html: html`<li class="note">${head("", atMs, options)} <span>${note}</span></li>`,
  };
}

/** Since the call was answered; with a recording it leads to that place. */
function head(who: string, atMs: number, { call, audioStartMs }: TranscriptOptions): Html {
  const sinceMs = Math.max(0, atMs - (call.answeredMs ?? call.startedMs));
  const time = html`<time datetime="${isoTime(atMs)}" title="${clockTime(atMs)}"
    >${lengthOf(sinceMs)}</time
  >`;
  const name = who !== "" && html`<b>${who}</b>`;
  if (audioStartMs === undefined || atMs < audioStartMs) return html`${name} ${time}`;
  const seconds = ((atMs - audioStartMs) / 1000).toFixed(1);
  return html`${name}
    <button
      type="button"
      class="seek"
      data-seek="${seconds}"
      aria-label="Listen from ${lengthOf(sinceMs)}"
    >
      ${time}
    </button>`;
}

/** What was heard and thrown away as invented; for whoever wonders where words have gone. */
export function inventionsOf({ heard }: CallRecord): readonly string[] {
  return heard.flatMap(({ invention, error, atMs }) => {
    const fields: Fields = invention === "" ? {} : readEventFields(invention);
    const [reason, text] = [textIn(fields, "reason"), textIn(fields, "text")];
    if (error !== "") return [`${clockTime(atMs)}: not recognised: ${error}`];
    return reason === ""
      ? []
      : [`${clockTime(atMs)}: “${text}” was taken for invented (${reason})`];
  });
}

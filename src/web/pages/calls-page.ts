/** The page "Calls": the history, searched by words, party, line and time, a page at a time. */
import { WildfireError } from "../../core/errors.ts";
import type { CallFilter } from "../../history/call-selection.ts";
import type { CallPage, FoundCall } from "../../history/history-reader.ts";
import type { History } from "../appliance.ts";
import { type Html, html } from "../html.ts";
import {
  maxTextCharacters,
  notUsable,
  readPlace,
  readWords,
  writeMark,
} from "../routes/history-query.ts";
import {
  answerTime,
  directionOf,
  endOf,
  marked,
  partyOf,
  qualityBadge,
  talked,
} from "./call-words.ts";
import { historyNotice } from "./history-notice.ts";
import { dayAndTime, isoTime } from "./times.ts";

const callsOfPage = 25;

export interface CallsRequest {
  readonly url: URL;
  readonly nowMs: number;
}

/** What stands in the form. */
interface Search {
  readonly words: CallFilter;
  /** `2026-11-23`; empty: any. */
  readonly from: string;
  readonly to: string;
  readonly filter: CallFilter;
}

interface Found {
  readonly page: CallPage;
  readonly lines: readonly string[];
  readonly problem: WildfireError | undefined;
}

/** Throws a RequestError(400) for an address that makes no sense. */
export async function callsMain(history: History, { url, nowMs }: CallsRequest): Promise<Html> {
  const search = readSearch(url.searchParams);
  const found = await find(history, search, url.searchParams);
  const { page, problem } = found;
  return html`<h1>Calls</h1>
    ${historyNotice(history.state(), nowMs)} ${searchForm(search, found.lines)}
    ${problem !== undefined && html`<p class="problem" role="alert">${problemWords(problem)}</p>`}
    <section aria-labelledby="found-title">
      <h2 id="found-title">
        ${isNarrowed(search) ? "Calls that were found" : "All calls, the latest first"}
      </h2>
      ${
        page.calls.length === 0
          ? problem === undefined && nothing(search, url.searchParams)
          : html`${exportLinks(search)} ${table(page.calls, search, nowMs)} ${paging(page, search)}`
      }
    </section>`;
}

async function find(history: History, { filter }: Search, params: URLSearchParams): Promise<Found> {
  const query = { filter, limit: callsOfPage, hasSnippets: true, ...readPlace(params) };
  try {
    const [page, lines] = await Promise.all([history.page(query), history.lines()]);
    return { page, lines, problem: undefined };
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    const page = { calls: [], next: undefined, previous: undefined };
    return { page, lines: [], problem: error };
  }
}

function problemWords({ message, hint }: WildfireError): string {
  return [message, hint ?? ""].filter((text) => text !== "").join("; ");
}

function readSearch(params: URLSearchParams): Search {
  const words = readWords(params);
  const [from, to] = [readDate(params, "from"), readDate(params, "to")];
  const fromMs = from === "" ? undefined : dayStart(from, 0);
  const beforeMs = to === "" ? undefined : dayStart(to, 1);
  return { words, from, to, filter: { ...words, fromMs, beforeMs } };
}

const dateForm = /^(\d{4})-(\d\d)-(\d\d)$/;

function readDate(params: URLSearchParams, name: string): string {
  const text = params.get(name) ?? "";
  if (text === "" || dateForm.test(text)) return text;
  throw notUsable(name, "a day such as 2026-01-31");
}

/** In the zone of the server, which is that of the times on the page. */
function dayStart(date: string, daysLater: number): number {
  const [, year, month, day] = dateForm.exec(date) ?? [];
  return new Date(Number(year), Number(month) - 1, Number(day) + daysLater).getTime();
}

function isNarrowed({ words, from, to }: Search): boolean {
  const { text = "", remote = "", line = "" } = words;
  return [text, remote, line, from, to].some((value) => value !== "");
}

function searchForm({ words, from, to }: Search, lines: readonly string[]): Html {
  const { text = "", remote = "", line = "" } = words;
  const known = line === "" || lines.includes(line) ? lines : [...lines, line];
  const limit = String(maxTextCharacters);
  return html`<form class="toolbar call-search" method="get" action="/calls" role="search">
    <div class="field grow">
      <label for="text">Words that were said</label>
      <input id="text" type="search" name="text" value="${text}" maxlength="${limit}" />
    </div>
    <div class="field grow">
      <label for="remote">Number or name</label>
      <input id="remote" type="search" name="remote" value="${remote}" maxlength="${limit}" />
    </div>
    <div class="field">
      <label for="line">Line</label>
      <select id="line" name="line">
        <option value="">All lines</option>
        ${known.map(
          (name) =>
            html`<option value="${name}" ${name === line && html`selected`}>${name}</option>`,
        )}
      </select>
    </div>
    <div class="field">
      <label for="from">From</label>
      <input id="from" type="date" name="from" value="${from}" />
    </div>
    <div class="field">
      <label for="to">To</label>
      <input id="to" type="date" name="to" value="${to}" />
    </div>
    <div class="call-search-buttons">
      <button type="submit" class="strong">Search</button>
      <a href="/calls">Show all</a>
    </div>
  </form>`;
}

/** The address of this search, with more behind it. */
function addressOf({ words, from, to }: Search, more: Readonly<Record<string, string>>): string {
  const { text = "", remote = "", line = "" } = words;
  const all = Object.entries({ text, remote, line, from, to, ...more });
  const query = new URLSearchParams(all.filter(([, value]) => value !== ""));
  return query.size === 0 ? "/calls" : `/calls?${String(query)}`;
}

function exportLinks({ words, filter }: Search): Html {
  const { text = "", remote = "", line = "" } = words;
  const own = Object.entries({
    text,
    remote,
    line,
    from: filter.fromMs === undefined ? "" : isoTime(filter.fromMs),
    before: filter.beforeMs === undefined ? "" : isoTime(filter.beforeMs),
  }).filter(([, value]) => value !== "");
  const address = (format: string): string =>
    `/api/v1/history/export?${String(new URLSearchParams([...own, ["format", format]]))}`;
  return html`<p class="call-exports">
    Save all of them:
    <a href="${address("csv")}" download>table (CSV)</a>,
    <a href="${address("json")}" download>with all that was said (JSON)</a>
  </p>`;
}

const columns = [
  { title: "When", kind: "" },
  { title: "Who", kind: "" },
  { title: "Line", kind: "" },
  { title: "Way", kind: "" },
  { title: "Length", kind: "number" },
  { title: "Turns", kind: "number" },
  { title: "Mean answer", kind: "number" },
  { title: "End", kind: "" },
  { title: "Quality", kind: "" },
] as const;

/** The roles stay when the phone's style makes cards of the rows. */
function table(calls: readonly FoundCall[], search: Search, nowMs: number): Html {
  return html`<div class="table-frame">
    <table class="call-table" role="table" aria-labelledby="found-title">
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(
            ({ title, kind }) =>
              html`<th role="columnheader" scope="col" class="${kind}">${title}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${calls.map((call) => row(call, search, nowMs))}
      </tbody>
    </table>
  </div>`;
}

function row(call: FoundCall, { words }: Search, nowMs: number): Html {
  const { id, startedMs, line, turns, snippet } = call;
  const query =
    words.text === undefined ? "" : `?${String(new URLSearchParams({ text: words.text }))}`;
  const cells: readonly (Html | string | undefined)[] = [
    line,
    directionOf(call),
    talked(call),
    turns === 0 ? "" : String(turns),
    answerTime(call),
    endOf(call),
    qualityBadge(call),
  ];
  return html`<tr role="row" ${call.endedMs === null && html`class="still-on"`}>
    <td role="cell" class="when">
      <time datetime="${isoTime(startedMs)}">${dayAndTime(startedMs, nowMs)}</time>
    </td>
    <th role="rowheader" scope="row" class="who">
      <a href="/calls/${id}${query}">${partyOf(call)}</a>
      ${snippet !== undefined && html`<p class="snippet">${marked(snippet)}</p>`}
    </th>
    ${cells.map((cell, index) => dataCell(cell, index + 2))}
  </tr>`;
}

function dataCell(cell: Html | string | undefined, index: number): Html {
  const { title = "", kind = "" } = columns[index] ?? {};
  const isEmpty = cell === undefined || cell === "";
  return html`<td role="cell" class="${kind}" data-label="${title}" ${isEmpty && html`data-empty`}>
    ${isEmpty ? html`<span class="sr-only">not known</span>` : cell}
  </td>`;
}

function paging({ next, previous }: CallPage, search: Search): Html | undefined {
  if (next === undefined && previous === undefined) return undefined;
  return html`<nav class="toolbar call-paging" aria-label="Pages of calls">
    ${
      previous !== undefined &&
      html`<a href="${addressOf(search, { newer: writeMark(previous) })}" rel="prev">← Newer</a>
        <a href="${addressOf(search, {})}">Latest</a>`
    }
    ${
      next !== undefined &&
      html`<a href="${addressOf(search, { after: writeMark(next) })}" rel="next">Older →</a>`
    }
  </nav>`;
}

function nothing(search: Search, params: URLSearchParams): Html {
  if (params.has("after") || params.has("newer")) {
    return html`<p class="nothing">
      There are no more calls here. <a href="${addressOf(search, {})}">To the latest</a>
    </p>`;
  }
  if (isNarrowed(search)) {
    return html`<p class="nothing">
      No call matches. Try fewer words, part of a number, or more days; what was said in the last
      few seconds is found a little later. <a href="/calls">Show all calls</a>
    </p>`;
  }
  return html`<div class="card">
    <p>
      <strong>No calls yet.</strong> As soon as somebody calls one of the lines, the call appears on
      the page <a href="/">Now</a>, and stays here when it is over. Call one of the extensions from
      any phone to see the first one.
    </p>
  </div>`;
}

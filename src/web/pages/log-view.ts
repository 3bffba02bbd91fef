/** Records of the common log on a page: the filter, the rows, and where older ones are. */
import { logLevels } from "../../core/log.ts";
import type { LogPage } from "../../supervisor/log-pages.ts";
import { formatPosition } from "../../supervisor/log-parts.ts";
import type { ServiceRecord } from "../../supervisor/service-record.ts";
import { type Html, html } from "../html.ts";
import { type LogFields, logSearch } from "../log-query.ts";
import { isoTime } from "./times.ts";

export interface LogViewOptions {
  readonly fields: LogFields;
  /** Undefined when it cannot be read. */
  readonly page: LogPage | undefined;
  /** Why it cannot be read. */
  readonly problem: string;
  readonly isOlderPage: boolean;
  readonly folder: string;
  readonly hasSupervisor: boolean;
  /** For the choice of one. */
  readonly services: readonly string[];
}

export function logSection(options: LogViewOptions): Html {
  const { fields, page, isOlderPage, problem } = options;
  return html`<section id="logs" aria-labelledby="logs-title">
    <h2 id="logs-title">Logs</h2>
    ${whereLogsAre(options)} ${filterForm(options)}
    ${problem !== "" && html`<p class="problem" role="alert">${problem}</p>`}
    ${page?.isLost === true && html`<p class="hint">These records are not kept any more.</p>`}
    ${followBar(isOlderPage)} ${page !== undefined && recordsPiece(page, options)}
    <div class="toolbar">
      ${isOlderPage && html`<a href="/trouble${logSearch(fields)}#logs">To the newest records</a>`}
      <a href="/api/v1/logs/text${logSearch(fields)}" download>Download what matches as text</a>
    </div>
  </section>`;
}

function followBar(isOlderPage: boolean): Html {
  return html`<div class="toolbar needs-script" data-following="${isOlderPage ? "no" : "yes"}">
    <button type="button" data-pause aria-pressed="false" ${isOlderPage && html`hidden`}>
      Pause
    </button>
    <span class="hint" role="status" data-follow-state></span>
  </div>`;
}

/** Scrolls by itself, also with the keys; new records are not read aloud. */
function recordsPiece(page: LogPage, { fields, isOlderPage }: LogViewOptions): Html {
  const since = page.newest === undefined ? "" : formatPosition(page.newest);
  const live = isOlderPage ? "" : logSearch(fields, { since });
  return html`<div
    id="log"
    class="log"
    tabindex="0"
    role="log"
    aria-live="off"
    aria-label="Log records"
    data-live-log="${live}"
  >
    ${olderLink(page, fields)}
    <ol id="log-rows">
      ${page.records.map(logRow)}
    </ol>
    ${page.records.length === 0 && html`<p class="nothing" id="log-nothing">${nothingFound(page)}</p>`}
  </div>`;
}

/** Times in the zone of the server, which is that of the PBX. */
export function logRow(record: ServiceRecord): Html {
  const { wallMs, level, service, message, fields } = record;
  return html`<li data-level="${level}">
    <time datetime="${isoTime(wallMs)}">${localTime(wallMs)}</time>
    <b class="level">${level}</b> <span class="service-name">${service}</span>
    <span class="message">${plain(message)}</span>
    ${Object.entries(fields).map(([name, value]) => fieldPiece(name, value))}
  </li>`;
}

const shownCharacters = 600;

function fieldPiece(name: string, value: unknown): Html {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const cut = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  return html`<span class="pair"><i>${plain(name)}</i>=${plain(cut)}</span> `;
}

/** What was logged cannot steer anything. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ");
}

function olderLink({ older, isCut }: LogPage, fields: LogFields): Html {
  if (older === undefined)
    return html`<p id="log-older" class="hint older">The log begins here.</p>`;
  const href = `/trouble${logSearch(fields, { before: formatPosition(older) })}#logs`;
  return html`<p id="log-older" class="older">
    <a href="${href}" data-older>${isCut ? "Search further back" : "Older records"}</a>
  </p>`;
}

function nothingFound({ isCut, older }: LogPage): string {
  if (isCut) return "Nothing among the newest records matches.";
  return older === undefined ? "No record matches." : "Nothing more matches.";
}

function whereLogsAre({ hasSupervisor, folder }: LogViewOptions): Html {
  if (hasSupervisor)
    return html`<p class="hint">Kept in <code>${folder}</code>, the newest last.</p>`;
  return html`<p class="hint">
    No supervisor runs: services that were started one by one log to where they were started, such
    as a terminal or the journal (<code>journalctl -u wildfire</code>). With
    <code>wildfire up</code> the records of all services are kept in <code>${folder}</code>; what is
    there from before is shown here.
  </p>`;
}

function filterForm({ fields, services }: LogViewOptions): Html {
  const { service, level, call, text, from, to } = fields;
  return html`<form
    class="toolbar log-filter"
    method="get"
    action="/trouble#logs"
    role="search"
    aria-label="Filter of the log"
  >
    <div class="field">
      <label for="log-service">Service</label>
      <select id="log-service" name="service">
        ${option("", "All", service)}
        ${[...new Set([...services, ...(service === "" ? [] : [service])])].map((name) => option(name, name, service))}
      </select>
    </div>
    <div class="field">
      <label for="log-level">Level</label>
      <select id="log-level" name="level">
        ${logLevels.map((name) => option(name === "info" ? "" : name, levelWords[name], level))}
      </select>
    </div>
    ${textField({ name: "call", label: "Call", value: call, hint: "id or key" })}
    ${textField({ name: "text", label: "Text", value: text, hint: "in message or field" })}
    ${timeField("from", "From", from)} ${timeField("to", "To", to)}
    <button type="submit" class="strong">Filter</button>
    <a href="/trouble#logs">All records</a>
  </form>`;
}

const levelWords = {
  error: "Errors only",
  warn: "Warnings and worse",
  info: "Usual",
  debug: "Every detail",
} as const;

function option(value: string, label: string, chosen: string): Html {
  return html`<option value="${value}" ${value === chosen && html`selected`}>${label}</option>`;
}

interface TextFieldOptions {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly hint: string;
}

function textField({ name, label, value, hint }: TextFieldOptions): Html {
  return html`<div class="field">
    <label for="log-${name}">${label}</label>
    <input id="log-${name}" name="${name}" value="${value}" placeholder="${hint}" maxlength="200" />
  </div>`;
}

function timeField(name: string, label: string, value: string): Html {
  return html`<div class="field">
    <label for="log-${name}">${label}</label>
    <input id="log-${name}" name="${name}" type="datetime-local" step="1" value="${value}" />
  </div>`;
}

/** `11-23 12:30:01.250` */
function localTime(ms: number): string {
  const time = new Date(ms);
  const day = `${twoDigits(time.getMonth() + 1)}-${twoDigits(time.getDate())}`;
  return `${day} ${time.toTimeString().slice(0, 8)}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** The audit log on the page Access: a filter, and the latest entries. */
import type { AuditEntry, AuditQuery } from "../audit-trail.ts";
import { type Html, html } from "../html.ts";
import { dayTime } from "./access-times.ts";

export interface AuditView {
  readonly entries: readonly AuditEntry[];
  readonly query: AuditQuery;
  /** Of which there are entries. */
  readonly names: readonly string[];
  readonly actions: readonly string[];
  readonly isKept: boolean;
}

export function auditSection({ entries, query, names, actions, isKept }: AuditView): Html {
  return html`<section aria-labelledby="audit-title">
    <h2 id="audit-title">Who did what</h2>
    ${!isKept && html`<p class="problem">It cannot be kept now: see the log of the web service.</p>`}
    <form class="toolbar audit" method="get" action="/access#audit-title">
      ${choice({ name: "who", label: "Who", all: "everybody", chosen: query.who, values: names })}
      ${choice({
        name: "action",
        label: "What",
        all: "everything",
        chosen: query.action,
        values: actions,
      })}
      <button type="submit">Show</button>
    </form>
    ${entries.length === 0 ? html`<p class="nothing">There is nothing.</p>` : table(entries)}
    ${entries.length === query.limit && older(entries, query)}
  </section>`;
}

interface Choice {
  readonly name: string;
  readonly label: string;
  /** What is shown without a choice. */
  readonly all: string;
  readonly chosen: string | undefined;
  readonly values: readonly string[];
}

function choice({ name, label, all, chosen, values }: Choice): Html {
  return html`<div class="field">
    <label for="audit-${name}">${label}</label>
    <select id="audit-${name}" name="${name}">
      <option value="">${all}</option>
      ${values.map(
        (value) =>
          html`<option value="${value}" ${value === chosen && html`selected`}>${value}</option>`,
      )}
    </select>
  </div>`;
}

function table(entries: readonly AuditEntry[]): Html {
  return html`<div class="table-frame">
    <table>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">From</th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        ${entries.map(row)}
      </tbody>
    </table>
  </div>`;
}

function row({
  atMs,
  lastMs,
  times,
  who,
  role,
  action,
  target,
  address,
  status,
}: AuditEntry): Html {
  const isRefused = status >= 400;
  return html`<tr>
    <td>
      <time datetime="${new Date(atMs).toISOString()}">${dayTime(atMs)}</time>
      ${times > 1 && html`<br /><small>${times} times until ${dayTime(lastMs)}</small>`}
    </td>
    <td>${who}${role !== "none" && html` <small>(${role})</small>`}</td>
    <td>${action}${target !== "" && html` <code>${target}</code>`}</td>
    <td>${address}</td>
    <td data-tone="${isRefused ? "bad" : "good"}">
      <span class="badge">${isRefused ? `refused (${status})` : "done"}</span>
    </td>
  </tr>`;
}

function older(entries: readonly AuditEntry[], { who, action }: AuditQuery): Html {
  const parameters = new URLSearchParams({
    who: who ?? "",
    action: action ?? "",
    before: String(entries.at(-1)?.id ?? 0),
  });
  return html`<p><a href="/access?${parameters.toString()}#audit-title">Older entries</a></p>`;
}

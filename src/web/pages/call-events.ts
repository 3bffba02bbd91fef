/** What services told of a past call, in order, and which services knew it: for whoever looks for a fault. */
import type { CallEventRecord, CallRecord } from "../../history/call-record.ts";
import { type Html, html } from "../html.ts";
import { callNote, readEventFields } from "./call-notes.ts";
import { inventionsOf } from "./call-transcript.ts";
import { clockTime, isoTime, lengthOf } from "./times.ts";

/** More are in the export. */
const maxEvents = 500;
const maxFieldsCharacters = 600;

export function callEvents(call: CallRecord): Html {
  const { events, parts } = call;
  const inventions = inventionsOf(call);
  return html`<section aria-labelledby="events-title">
    <h2 id="events-title">For whoever looks for a fault</h2>
    <div class="card call-faults">
      <details>
        <summary>What services told (${String(events.length)})</summary>
        ${events.length === 0 ? html`<p>Nothing besides what is above.</p>` : eventTable(events)}
      </details>
      <details>
        <summary>Which services knew the call (${String(parts.length)})</summary>
        ${partTable(call)}
      </details>
      ${
        inventions.length > 0 &&
        html`<details>
          <summary>What was heard and not believed (${String(inventions.length)})</summary>
          <ul class="call-inventions">
            ${inventions.slice(0, maxEvents).map((text) => html`<li>${text}</li>`)}
          </ul>
        </details>`
      }
    </div>
  </section>`;
}

function eventTable(events: readonly CallEventRecord[]): Html {
  return html`<div class="table-frame">
      <table aria-label="What services told">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Service</th>
            <th scope="col">What</th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          ${events.slice(0, maxEvents).map(
            ({ atMs, service, kind, fields }) =>
              html`<tr>
                <td><time datetime="${isoTime(atMs)}">${clockTime(atMs)}</time></td>
                <td>${service}</td>
                <td>${kind}</td>
                <td class="call-details">${detailsOf(kind, fields)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${events.length > maxEvents && html`<p class="hint">Later ones are in the saved file.</p>`}`;
}

function detailsOf(kind: string, text: string): string {
  const fields = readEventFields(text);
  const words =
    callNote(kind, fields) ??
    Object.entries(fields)
      .map(
        ([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`,
      )
      .join(", ");
  return words.length <= maxFieldsCharacters ? words : `${words.slice(0, maxFieldsCharacters)} …`;
}

function partTable({ parts, callId, key }: CallRecord): Html {
  return html`<p class="hint">
      Services called it ${callId === "" ? "nothing" : callId}; here it is <code>${key}</code> for
      ever.
    </p>
    <div class="table-frame">
      <table aria-label="Which services knew the call">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Process</th>
            <th scope="col">Its name for the call</th>
            <th scope="col">From</th>
            <th scope="col">For</th>
          </tr>
        </thead>
        <tbody>
          ${parts.map(
            ({ service, pid, key: own, startedMs, endedMs }) =>
              html`<tr>
                <th scope="row">${service}</th>
                <td class="number">${String(pid)}</td>
                <td class="call-details"><code>${own}</code></td>
                <td><time datetime="${isoTime(startedMs)}">${clockTime(startedMs)}</time></td>
                <td class="number">
                  ${endedMs === null ? "still on" : lengthOf(endedMs - startedMs)}
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

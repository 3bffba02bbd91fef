/** What pages with trials share. */
import { type Html, html } from "../html.ts";

/** Start, and stop while it runs. */
export function tryButtons(label: string): Html {
  return html`<div class="toolbar needs-script">
    <button id="try-start" type="button" class="strong">${label}</button>
    <button id="try-stop" type="button" hidden>Stop</button>
  </div>`;
}

/** Filled by the script: servers on this host, and names to choose from under the id `names`. */
export function serverList(names: string, builtin: readonly string[] = []): Html {
  return html`<div class="needs-script">
    <p class="help">Servers that answer: <span id="no-servers">looking…</span></p>
    <ul id="servers" class="servers" data-builtin="${builtin.join(" ")}"></ul>
    <datalist id="${names}"></datalist>
  </div>`;
}

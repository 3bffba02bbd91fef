/** The place for what is shown this once. */
import { type Html, html } from "../html.ts";

/** Filled by the script. */
export function secretPlace(text: string): Html {
  return html`<div class="secret" role="status" data-secret hidden>
    <p>${text}</p>
    <code data-secret-text tabindex="0"></code>
    <button type="button" data-copy>Copy</button>
    <a href="/access">I have kept it</a>
  </div>`;
}

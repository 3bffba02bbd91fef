/** A page for what cannot be shown: what is wrong and what to do about it. */
import type { RequestError } from "../answers.ts";
import { type Html, html } from "../html.ts";
import { head } from "./layout.ts";

export function errorPage({ status, message, hint }: RequestError): Html {
  return html`<html lang="en">
    ${head(`Error ${status}`)}
    <body>
      <main id="main" class="alone">
        <h1>This did not work</h1>
        <p>${sentence(message)}</p>
        ${hint !== "" && html`<p>${sentence(hint)}</p>`}
        <p><a href="/">To the first page</a></p>
      </main>
    </body>
  </html>`;
}

function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}

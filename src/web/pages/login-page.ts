/** The login: one field, since there is one password, or a token in its place. */
import { type Html, html } from "../html.ts";
import { head } from "./layout.ts";

export interface LoginPageOptions {
  readonly csrfToken: string;
  /** Where to go afterwards. */
  readonly next: string;
  /** Why it did not work the last time. */
  readonly problem: string | undefined;
}

export function loginPage({ csrfToken, next, problem }: LoginPageOptions): Html {
  return html`<html lang="en">
    ${head("Log in")}
    <body>
      <main id="main" class="alone">
        <h1>Wildfire</h1>
        <form method="post" action="/login" class="login">
          <input type="hidden" name="csrf" value="${csrfToken}" />
          <input type="hidden" name="next" value="${next}" />
          <input type="text" name="username" value="wildfire" autocomplete="username" hidden />
          <label for="password">Password or token</label>
          <input
            id="password"
            type="password"
            name="password"
            required
            autofocus
            autocomplete="current-password"
            ${problem !== undefined && html`aria-invalid="true" aria-describedby="problem"`}
          />
          ${problem !== undefined && html`<p id="problem" class="problem" role="alert">${problem}</p>`}
          <button type="submit" class="strong">Log in</button>
        </form>
      </main>
    </body>
  </html>`;
}

/** The page "Access": who may come in, who is in, what programs are told, and who did what. */
import type { Appliance } from "../appliance.ts";
import type { ApiToken } from "../api-tokens.ts";
import { auditQueryOf } from "../routes/audit-routes.ts";
import type { CertificateView } from "../certificate/certificate-keeper.ts";
import { type Html, html } from "../html.ts";
import type { Role } from "../roles.ts";
import type { WebRequest } from "../route.ts";
import type { SessionView } from "../sessions.ts";
import { auditSection } from "./access-audit.ts";
import { hookSettings, pagePlaceSection } from "./access-settings.ts";
import { hooksSection } from "./access-hooks.ts";
import { secretPlace } from "./access-secret.ts";
import { dayTime } from "./access-times.ts";
import type { Viewer } from "./layout.ts";
import { canChangeSettings, readableSettings, settingsProblems } from "./settings-form.ts";

const roleHelp: Readonly<Record<Role, string>> = {
  viewer: "viewer: sees everything, also what callers say",
  operator: "operator: also starts and stops services and calls",
  admin: "admin: also settings and access",
};

export async function accessMain(
  appliance: Appliance,
  { request, url }: WebRequest,
  viewer: Viewer,
): Promise<Html> {
  const { access, tokens, hooks, audit, clock } = appliance;
  const nowMs = clock.wallMs();
  const query = auditQueryOf(url);
  const view = await readableSettings(appliance, viewer);
  const canEdit = canChangeSettings(viewer);
  return html`<h1>Access</h1>
    <p class="summary">${summary(access.hasPassword)}</p>
    ${settingsProblems(view)} ${passwordSection(access.hasPassword)}
    ${
      access.hasPassword &&
      sessionsSection(access.listSessions(), access.ownSessionId(request.headers))
    }
    ${tokensSection(tokens.list(), nowMs)} ${pagePlaceSection(view, canEdit)}
    ${certificateSection(appliance.certificate(), nowMs)}
    ${hooksSection(hooks.view(), hookSettings(view, canEdit))}
    ${auditSection({
      entries: audit.list(query),
      query,
      names: audit.names("who"),
      actions: audit.names("action"),
      isKept: audit.isKept,
    })}`;
}

function summary(hasPassword: boolean): string {
  if (hasPassword) return "Whoever opens this page logs in by the password, or by a token.";
  return "No password is set: everybody who works on this machine may do everything here.";
}

function passwordSection(hasPassword: boolean): Html {
  return html`<section class="card" aria-labelledby="password-title">
    <h2 id="password-title">Password of this page</h2>
    <p class="hint">
      Whoever has it is admin. Everybody else is logged out when it changes. For others make a token
      with their role: it opens this page, too.
    </p>
    <noscript><p>Changing it needs the script of this page.</p></noscript>
    <form class="needs-script" data-post="/api/v1/password" data-next="/access">
      <input type="text" name="" value="wildfire" autocomplete="username" hidden />
      <div class="fields">
        ${
          hasPassword &&
          html`<div class="field">
            <label for="password-old">Password so far</label>
            <input
              id="password-old"
              name="old"
              type="password"
              required
              autocomplete="current-password"
            />
          </div>`
        }
        <div class="field">
          <label for="password-new">New password</label>
          <input
            id="password-new"
            name="new"
            type="password"
            required
            minlength="8"
            maxlength="1024"
            autocomplete="new-password"
            aria-describedby="password-help"
          />
          <p class="help" id="password-help">At least 8 characters.</p>
        </div>
      </div>
      <button type="submit">${hasPassword ? "Change the password" : "Set a password"}</button>
      <p class="problem" role="alert" data-problem></p>
    </form>
  </section>`;
}

function sessionsSection(sessions: readonly SessionView[], own: string | undefined): Html {
  return html`<section aria-labelledby="sessions-title">
    <h2 id="sessions-title">Logged in now</h2>
    ${
      sessions.length === 0
        ? html`<p class="nothing">Nobody is logged in with a browser.</p>`
        : html`<div class="table-frame">
            <table>
              <thead>
                <tr>
                  <th scope="col">By</th>
                  <th scope="col">Role</th>
                  <th scope="col">From</th>
                  <th scope="col">Since</th>
                  <th scope="col">Last used</th>
                  <th scope="col"><span class="sr-only">Actions</span></th>
                </tr>
              </thead>
              <tbody>
                ${sessions.map((session) => sessionRow(session, session.id === own))}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function sessionRow(
  { id, name, role, address, sinceMs, usedMs }: SessionView,
  isOwn: boolean,
): Html {
  return html`<tr>
    <th scope="row">${name}${isOwn && html` <span class="badge">this browser</span>`}</th>
    <td>${role}</td>
    <td>${address}</td>
    <td>${dayTime(sinceMs)}</td>
    <td>${dayTime(usedMs)}</td>
    <td>
      <button
        type="button"
        class="needs-script"
        data-steer="/api/v1/sessions/${id}"
        data-method="DELETE"
        data-next="/access"
        data-question="Log out ${name} from ${address}?"
        aria-label="Log out ${name} from ${address}"
      >
        Log out
      </button>
    </td>
  </tr>`;
}

function tokensSection(tokens: readonly ApiToken[], nowMs: number): Html {
  return html`<section aria-labelledby="tokens-title">
    <h2 id="tokens-title">Tokens of programs and people</h2>
    ${
      tokens.length === 0
        ? html`<p class="nothing">There are no tokens.</p>`
        : html`<div class="table-frame">
            <table>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Role</th>
                  <th scope="col">Made</th>
                  <th scope="col">Valid until</th>
                  <th scope="col"><span class="sr-only">Actions</span></th>
                </tr>
              </thead>
              <tbody>
                ${tokens.map((token) => tokenRow(token, nowMs))}
              </tbody>
            </table>
          </div>`
    }
    ${tokenForm()}
  </section>`;
}

function tokenRow({ id, name, role, created, expires }: ApiToken, nowMs: number): Html {
  const endMs = expires === undefined ? undefined : Date.parse(expires);
  const isOver = endMs !== undefined && endMs <= nowMs;
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${role}</td>
    <td>${dayTime(Date.parse(created))}</td>
    <td>
      ${endMs === undefined ? "it is deleted" : dayTime(endMs)}
      ${isOver && html`<span class="badge" data-tone="bad">over</span>`}
    </td>
    <td>
      <button
        type="button"
        class="needs-script"
        data-steer="/api/v1/tokens/${id}"
        data-method="DELETE"
        data-next="/access"
        data-question="Delete the token ${name}? What uses it is refused from then on."
        aria-label="Delete the token ${name}"
      >
        Delete
      </button>
    </td>
  </tr>`;
}

const lifetimes = [
  { days: "", label: "until it is deleted" },
  { days: "30", label: "30 days" },
  { days: "90", label: "90 days" },
  { days: "365", label: "a year" },
] as const;

function tokenForm(): Html {
  return html`<form class="card needs-script" data-post="/api/v1/tokens">
    <h3>New token</h3>
    <div class="fields">
      <div class="field">
        <label for="token-name">Name</label>
        <input id="token-name" name="name" required maxlength="60" placeholder="what it is for" />
      </div>
      <div class="field">
        <label for="token-role">Role</label>
        <select id="token-role" name="role">
          ${Object.entries(roleHelp).map(
            ([role, label]) => html`<option value="${role}">${label}</option>`,
          )}
        </select>
      </div>
      <div class="field">
        <label for="token-days">Valid</label>
        <select id="token-days" name="days" data-number>
          ${lifetimes.map(({ days, label }) => html`<option value="${days}">${label}</option>`)}
        </select>
      </div>
    </div>
    <button type="submit">Make a token</button>
    <p class="problem" role="alert" data-problem></p>
    ${secretPlace("The token, which is shown this once:")}
  </form>`;
}

const dayMs = 24 * 3600 * 1000;
const kinds = { files: "from files", generated: "made by this host for itself" } as const;

function certificateSection(view: CertificateView | undefined, nowMs: number): Html {
  if (view === undefined) {
    return html`<section class="card stack" aria-labelledby="certificate-title">
      <h2 id="certificate-title">Certificate</h2>
      <p>
        This page is served without encryption. With “https” at <q>generated</q> above, this host
        makes itself a certificate.
      </p>
    </section>`;
  }
  const { kind, fingerprint, notAfterMs, names, problem } = view;
  const days = Math.floor((notAfterMs - nowMs) / dayMs);
  return html`<section class="card stack" aria-labelledby="certificate-title">
    <h2 id="certificate-title">Certificate</h2>
    ${problem !== undefined && html`<p class="problem">The newest one is not used: ${problem}.</p>`}
    <dl>
      <div>
        <dt>Where from</dt>
        <dd>${kinds[kind]}</dd>
      </div>
      <div>
        <dt>SHA-256</dt>
        <dd><code>${fingerprint}</code></dd>
      </div>
      <div>
        <dt>Valid until</dt>
        <dd>${dayTime(notAfterMs)} (${days} days)</dd>
      </div>
      <div>
        <dt>Names</dt>
        <dd>${names.join(", ")}</dd>
      </div>
    </dl>
    ${
      kind === "generated" &&
      html`<p class="hint">
        A browser warns before it opens this page for the first time: compare the SHA-256 there with
        this one.
      </p>`
    }
  </section>`;
}

/** Settings on the page Access: where this page is, how it is encrypted, and who is told of calls. */
import { webhookDetails, webhookKinds } from "../../webhooks/webhook-messages.ts";
import { type Html, html } from "../html.ts";
import type { SettingsView } from "../settings/settings-desk.ts";
import { settingsForm } from "./settings-form.ts";

export function pagePlaceSection(view: SettingsView | undefined, canEdit: boolean): Html {
  const form = settingsForm({
    view,
    section: "web",
    keys: ["bind", "port", "tls", "tls-cert", "tls-key"],
    title: "Address and encryption",
    canEdit,
    intro: html`<p class="hint">
      The page starts again when these change, and calls go on. What would leave you without a page
      is not taken.
    </p>`,
  });
  return html`<section aria-labelledby="place-title">
    <h2 id="place-title">Where this page is</h2>
    ${form}
  </section>`;
}

export function hookSettings(view: SettingsView | undefined, canEdit: boolean): Html {
  return settingsForm({
    view,
    section: "webhooks",
    keys: ["url", "kinds", "include", "spool-mb"],
    title: "Who is told of calls",
    canEdit,
    intro: html`<p class="hint">
      What can be sent: ${words(webhookKinds)}; where nothing is named, all of them. Along go
      ${words(webhookDetails)}; where nothing is named, who calls (<code>numbers</code>) and not
      what is said. The page starts again when these change.
    </p>`,
  });
}

function words(names: readonly string[]): Html {
  return html`${names.map((name, index) => html`${index > 0 && ", "}<code>${name}</code>`)}`;
}

/** The page "Lines": each line with its state, what it is made of, and the settings that all share. */
import type { Appliance } from "../appliance.ts";
import { type Html, html } from "../html.ts";
import { lineViews, type LineView } from "../live/line-view.ts";
import type { Role } from "../roles.ts";
import type { SettingsView } from "../settings/settings-desk.ts";
import { visibleSettings } from "../settings/visible-settings.ts";
import type { Viewer } from "./layout.ts";
import { lineForm } from "./line-form.ts";
import { lineState } from "./line-state.ts";
import type { Fragment } from "./now-page.ts";
import {
  canChangeSettings,
  readableSettings,
  settingsForm,
  settingsProblems,
} from "./settings-form.ts";

/** What all lines share, in groups. */
const networkKeys = ["advertise", "rtp-ports", "sip-bind", "sip-port", "strict-rtp"];
const callKeys = ["max-calls", "srtp", "codecs", "dead-peer", "greeting", "tls-ca", "tls-insecure"];
const audioSocketKeys = ["listen", "max-calls", "greeting"];

export async function linesMain(appliance: Appliance, viewer: Viewer): Promise<Html> {
  await appliance.board.refresh();
  const view = await readableSettings(appliance, viewer);
  const views = viewsOf(appliance, view);
  const canEdit = canChangeSettings(viewer);
  const nowMs = appliance.clock.wallMs();
  const hosts = views.map(({ name }) => name.slice(name.lastIndexOf("@") + 1).replace(/:\d+$/, ""));
  const isFixed = isFromEnvironment(view);
  return html`<h1>Lines</h1>
    ${settingsProblems(view)} ${runHint(view)} ${isFixed && fixedHint()}
    <section aria-labelledby="lines-title" data-revision="${view?.revision ?? ""}" data-lines>
      <h2 id="lines-title">Lines at the PBX</h2>
      <div id="lines" class="card-grid">
        ${views.map((line, index) =>
          lineCard({ line, index, view, canEdit: canEdit && !isFixed, nowMs }),
        )}
        ${canEdit && !isFixed && newLine(hosts[0] ?? "")}
      </div>
      ${views.length === 0 && html`<p class="nothing">No line is configured.</p>`}
    </section>
    ${view !== undefined && sharedSettings(view, canEdit)}`;
}

/** The states alone, for the pages that are open. */
export async function lineFragments(
  appliance: Appliance,
  role: Role,
): Promise<readonly Fragment[]> {
  await appliance.board.refresh();
  const isReader = role !== "viewer";
  const view = isReader ? visibleSettings(await appliance.settings.view(), role) : undefined;
  const nowMs = appliance.clock.wallMs();
  return viewsOf(appliance, view).map((line, index) => {
    const id = stateId(line, index);
    return { id, html: lineState({ id, state: line.state, nowMs }) };
  });
}

function viewsOf({ board }: Appliance, view: SettingsView | undefined): readonly LineView[] {
  return lineViews({
    texts: view === undefined ? undefined : lineTexts(view),
    status: board.status("sip"),
    isWanted: view?.run.includes("sip") ?? true,
  });
}

function lineTexts(view: SettingsView): readonly string[] {
  const value = lineSetting(view)?.value;
  return typeof value === "object" ? value : [];
}

function lineSetting({ sections }: SettingsView) {
  const sip = sections.find(({ name }) => name === "sip");
  return sip?.settings.find(({ key }) => key === "line");
}

function isFromEnvironment(view: SettingsView | undefined): boolean {
  return view !== undefined && lineSetting(view)?.origin.kind === "environment";
}

function fixedHint(): Html {
  return html`<p class="hint">
    The lines come from the environment of the services and are changed there.
  </p>`;
}

/** Lines are configured and nobody would take them. */
function runHint(view: SettingsView | undefined): Html | undefined {
  if (view === undefined || view.run.includes("sip") || lineTexts(view).length === 0) return;
  return html`<p class="problem">
    sip is not among the services that run: add it to [services] run, or take that key out.
  </p>`;
}

interface LineCardOptions {
  readonly line: LineView;
  readonly index: number;
  readonly view: SettingsView | undefined;
  readonly canEdit: boolean;
  readonly nowMs: number;
}

function lineCard({ line, index, view, canEdit, nowMs }: LineCardOptions): Html {
  const password = view?.secrets.find(({ name }) => name === `line.${line.name}`);
  const isShown = view !== undefined && line.text !== undefined;
  return html`<section id="line-${slug(line)}-${index}" class="card" aria-label="${line.name}">
    <h3>${line.name}</h3>
    ${lineState({ id: stateId(line, index), state: line.state, nowMs })}
    ${
      isShown &&
      lineForm({ id: `line-form-${index}`, view: line, password, usualHost: "", canEdit })
    }
  </section>`;
}

function newLine(usualHost: string): Html {
  return html`<section class="card needs-script" aria-labelledby="new-line-title">
    <h3 id="new-line-title">A new line</h3>
    ${lineForm({
      id: "line-form-new",
      view: undefined,
      password: undefined,
      usualHost,
      canEdit: true,
    })}
  </section>`;
}

function stateId(line: LineView, index: number): string {
  return `line-state-${slug(line)}-${index}`;
}

function slug({ name }: LineView): string {
  return name.replaceAll(/[^\w-]+/g, "-");
}

function sharedSettings(view: SettingsView, canEdit: boolean): Html {
  return html`<section aria-labelledby="shared-title">
    <h2 id="shared-title">For all lines</h2>
    ${settingsForm({ view, section: "sip", keys: networkKeys, title: "Network", canEdit })}
    ${settingsForm({ view, section: "sip", keys: callKeys, title: "Calls", canEdit })}
    <h2>Asterisk without SIP</h2>
    ${settingsForm({
      view,
      section: "audiosocket",
      keys: audioSocketKeys,
      title: "AudioSocket",
      canEdit,
      intro: html`<p class="hint">
        The dialplan calls <code>AudioSocket(UUID,HOST:PORT)</code> with the address below. The
        service runs as soon as an address is set.
      </p>`,
    })}
  </section>`;
}

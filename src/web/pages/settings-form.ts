/** Settings of one section as a form: labels in plain words, help, where each value comes from. */
import type { OptionValue } from "../../config/options.ts";
import type { Appliance } from "../appliance.ts";
import { type Html, html } from "../html.ts";
import { isAtLeast } from "../roles.ts";
import type { SecretSetting, Setting, SettingsView } from "../settings/settings-desk.ts";
import { visibleSettings } from "../settings/visible-settings.ts";
import type { Viewer } from "./layout.ts";
import { isLongText, settingLabel } from "./setting-labels.ts";

export interface SettingsFormOptions {
  /** Undefined for whoever may not read settings, as `readableSettings` says. */
  readonly view: SettingsView | undefined;
  readonly section: string;
  /** In the order of the form; those that the section has not are left out. */
  readonly keys: readonly string[];
  /** Names of secrets that belong here, such as `llama-key`. */
  readonly secrets?: readonly string[];
  readonly title: string;
  readonly canEdit: boolean;
  /** Above the fields. */
  readonly intro?: Html;
}

/** The view for whoever may read settings; undefined for the others. */
export async function readableSettings(
  { settings }: Appliance,
  { principal }: Viewer,
): Promise<SettingsView | undefined> {
  const isReader = isAtLeast(principal.role, "operator");
  return isReader ? visibleSettings(await settings.view(), principal.role) : undefined;
}

export function canChangeSettings({ principal }: Viewer): boolean {
  return isAtLeast(principal.role, "admin");
}

/** Its page lists the script `settings`. */
export function settingsForm(options: SettingsFormOptions): Html {
  const { view, section, keys, title, canEdit, intro } = options;
  if (view === undefined) {
    return html`<section class="card" aria-label="${title}">
      <h3>${title}</h3>
      <p class="hint">Settings are shown to operators and changed by administrators.</p>
    </section>`;
  }
  const known = view.sections.find(({ name }) => name === section)?.settings ?? [];
  const settings = keys.flatMap((key) => known.filter((setting) => setting.key === key));
  const secrets = (options.secrets ?? []).flatMap((name) =>
    view.secrets.filter((secret) => secret.name === name),
  );
  return html`<form
    id="settings-${section}-${keys[0] ?? ""}"
    class="card"
    method="post"
    data-settings="${section}"
    data-revision="${view.revision}"
    aria-label="${title}"
    novalidate
  >
    <h3>${title}</h3>
    ${intro}
    <div class="fields">
      ${settings.map((setting) => settingField({ section, setting, canEdit }))}
      ${secrets.map((secret) => secretField(secret, canEdit))}
    </div>
    ${canEdit && saveButtons()}
    ${!canEdit && html`<p class="hint">Administrators change these.</p>`}
  </form>`;
}

function saveButtons(): Html {
  return html`<div class="toolbar needs-script">
    <button type="submit" class="strong">Save</button>
    <button type="reset">Undo</button>
    <span class="hint" data-unsaved hidden>Not saved yet</span>
  </div>`;
}

/** All that is wrong with the files, above the forms; nothing when nothing is. */
export function settingsProblems(view: SettingsView | undefined): Html | undefined {
  if (view === undefined || view.problems.length === 0) return undefined;
  return html`<section class="card" data-tone="bad" aria-labelledby="problems-title">
    <h3 id="problems-title">The configuration has problems</h3>
    <ul>
      ${view.problems.map(
        ({ place, line, message, hint }) =>
          html`<li class="problem">
            ${place}${line !== undefined && `, line ${line}`}:
            ${message}${hint !== undefined && `; ${hint}`}
          </li>`,
      )}
    </ul>
  </section>`;
}

interface SettingFieldOptions {
  readonly section: string;
  readonly setting: Setting;
  readonly canEdit: boolean;
}

/** Field, help, origin and a place for what is wrong; the script finds it by `data-setting`. */
function settingField({ section, setting, canEdit }: SettingFieldOptions): Html {
  const { key, help, kind } = setting;
  const id = `setting-${section}-${key}`;
  const label = settingLabel(section, key);
  const isFixed = !canEdit || setting.origin.kind === "environment";
  // A field of one line would take the line breaks out of what the file says.
  const isLong = isLongText(section, key) || /[\r\n]/.test(savedText(setting));
  const input = inputFor({ id, name: `${section}.${key}`, setting, isLong, isFixed });
  const texts = html`<p id="${id}-help" class="help">${sentence(help)}</p>
    <p class="origin" data-origin>${originText(setting)}</p>
    <p id="${id}-problem" class="problem" data-problem role="alert"></p>`;
  if (kind === "boolean") {
    return html`<div class="field check">${input}<label for="${id}">${label}</label>${texts}</div>`;
  }
  return html`<div class="field ${kind === "list" || isLong ? "wide" : ""}">
    <label for="${id}">${label}</label>${input}${texts}
  </div>`;
}

/** Its value never comes here: it is written, or left as it is. */
function secretField({ name, isSet, source, canChange }: SecretSetting, canEdit: boolean): Html {
  const id = `secret-${name.replaceAll(/[^\w-]/g, "-")}`;
  const isFixed = !canEdit || !canChange;
  return html`<div class="field">
    <label for="${id}">${settingLabel("secret", name)}</label>
    <input
      id="${id}"
      type="password"
      name="secret.${name}"
      autocomplete="new-password"
      maxlength="4096"
      placeholder="${isSet ? "kept as it is" : "not set"}"
      data-secret="${name}"
      aria-describedby="${id}-help ${id}-problem"
      ${isFixed && readOnly}
    />
    <p id="${id}-help" class="help">${secretHelp({ name, isSet, source, canChange })}</p>
    ${
      isSet &&
      !isFixed &&
      html`<label class="needs-script help"
        ><input type="checkbox" data-forget="${name}" /> Forget it</label
      >`
    }
    <p id="${id}-problem" class="problem" data-problem role="alert"></p>
  </div>`;
}

const readOnly = html`readonly data-fixed`;
const disabled = html`disabled data-fixed`;

/** Of a list; longer ones scroll. */
const maxRows = 12;

interface InputOptions {
  readonly id: string;
  readonly name: string;
  readonly setting: Setting;
  readonly isLong: boolean;
  readonly isFixed: boolean;
}

function inputFor(options: InputOptions): Html {
  const { id, name, setting, isLong, isFixed } = options;
  const { kind, choices, value } = setting;
  const common = html`id="${id}" name="${name}" data-setting="${name}" data-kind="${kind}"
  data-was="${savedText(setting)}" data-usual="${shown(setting.fallback)}"
  aria-describedby="${id}-help ${id}-problem"`;
  if (kind === "boolean") {
    return html`<input
      type="checkbox"
      ${common}
      ${value === true && html`checked`}
      ${isFixed && disabled}
    />`;
  }
  if (kind === "list") {
    const texts = savedText(setting);
    const rows = Math.min(maxRows, Math.max(2, texts.split("\n").length + 1));
    return html`<textarea
      ${common}
      rows="${rows}"
      placeholder="one on each line"
      ${isFixed && readOnly}
    >
${texts}</textarea>`;
  }
  if (isLong) {
    return html`<textarea ${common} rows="9" maxlength="32768" ${isFixed && readOnly}>
${savedText(setting)}</textarea>`;
  }
  if (choices !== undefined) return selectFor(common, setting, isFixed);
  return html`<input
    type="text"
    ${common}
    ${keyboardFor(setting)}
    value="${savedText(setting)}"
    placeholder="${shown(setting.fallback)}"
    autocomplete="off"
    spellcheck="false"
    ${isFixed && readOnly}
  />`;
}

function selectFor(common: Html, setting: Setting, isFixed: boolean): Html {
  const { choices = [], fallback } = setting;
  const own = savedText(setting);
  const usual = fallback === undefined ? "Not set" : `Usual (${shown(fallback)})`;
  return html`<select ${common} ${isFixed && disabled}>
    <option value="" ${own === "" && html`selected`}>${usual}</option>
    ${choices.map((choice) => optionFor(choice, own))}
  </select>`;
}

function optionFor(choice: string, own: string): Html {
  return html`<option value="${choice}" ${choice === own && html`selected`}>${choice}</option>`;
}

/** No number fields: what they cannot read they give as nothing, and that would mean the usual value. */
function keyboardFor({ kind }: Setting): Html {
  if (kind === "integer") return html`inputmode="numeric"`;
  return kind === "number" ? html`inputmode="decimal"` : html``;
}

/** What the field holds when nothing was changed in it: empty where nobody set it. */
function savedText({ kind, value, origin }: Setting): string {
  if (kind === "boolean") return String(value === true);
  if (origin.kind === "default") return "";
  return typeof value === "object" ? value.join("\n") : shown(value);
}

function shown(value: OptionValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "object" ? value.join(" ") : String(value);
}

function originText({ origin, isShortened }: Setting): string {
  const shortened = isShortened ? " A part that looks like a password is not shown." : "";
  switch (origin.kind) {
    case "default":
      return "";
    case "file":
      return `Set in the file${origin.line === undefined ? "" : `, line ${origin.line}`}.${shortened}`;
    case "environment":
      return `Comes from ${origin.variable} in the environment of the services, and is changed there.${shortened}`;
  }
}

function secretHelp({ isSet, source, canChange }: SecretSetting): string {
  if (!isSet) return "Not set.";
  if (canChange) return "Set. Type a new one to replace it; it is never shown.";
  return `Set by ${source ?? "the environment"}, and changed there.`;
}

/** Help texts are fragments, as the command line shows them. */
function sentence(help: string): string {
  return help.charAt(0).toUpperCase() + help.slice(1);
}

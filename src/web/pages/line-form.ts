/** One line as a form: its parts, its password, which is only ever written, and what can be done with it. */
import {
  defaultExpiresSeconds,
  parseLine,
  type SipLine,
} from "../../call/sip/registration/sip-line.ts";
import { type Html, html } from "../html.ts";
import type { LineView } from "../live/line-view.ts";
import type { SecretSetting } from "../settings/settings-desk.ts";

export interface LineFormOptions {
  /** Unique on the page. */
  readonly id: string;
  /** Undefined for a new one. */
  readonly view: LineView | undefined;
  readonly password: SecretSetting | undefined;
  /** What its host is likely to be. */
  readonly usualHost: string;
  readonly canEdit: boolean;
}

const transports = ["udp", "tcp", "tls"] as const;

export function lineForm(options: LineFormOptions): Html {
  const { id, view, canEdit } = options;
  const isNew = view === undefined;
  return html`<form
    id="${id}"
    method="post"
    data-line="${view?.text ?? ""}"
    data-line-name="${view?.name ?? ""}"
    aria-label="${isNew ? "A new line" : `Line ${view.name}`}"
    novalidate
  >
    <div class="fields">${mainFields(options)}</div>
    <details>
      <summary>More</summary>
      <div class="fields">${rareFields(options)}</div>
    </details>
    <p id="${id}-problem" class="problem" role="alert" data-line-problem></p>
    <div id="${id}-tried" class="tried" role="status"></div>
    ${canEdit && buttons(isNew)}
  </form>`;
}

function buttons(isNew: boolean): Html {
  return html`<div class="toolbar needs-script">
    <button type="submit" class="strong">${isNew ? "Add the line" : "Save"}</button>
    <button type="button" data-try>Try it</button>
    ${!isNew && html`<button type="button" class="danger" data-remove>Remove</button>`}
    <span class="hint" data-unsaved hidden>Not saved yet</span>
  </div>`;
}

function mainFields(options: LineFormOptions): Html {
  const { view, usualHost } = options;
  const line = parsedOf(view);
  return html`${field(options, {
    part: "user",
    label: "Extension",
    value: line?.user ?? "",
    example: "200",
    help: "The user name of the line at the PBX.",
  })}
  ${field(options, {
    part: "host",
    label: "PBX",
    value: line?.host ?? usualHost,
    example: "192.168.1.10",
    help: "Name or address of the PBX.",
  })}
  ${passwordField(options)}`;
}

function rareFields(options: LineFormOptions): Html {
  const line = parsedOf(options.view);
  const proxy = line?.proxy;
  return html`${field(options, {
    part: "port",
    label: "Port",
    value: line?.port === undefined ? "" : String(line.port),
    example: "usual",
    help: "Where the PBX listens, if it is not the usual port.",
    isNumber: true,
  })}
  ${transportField(options, line)}
  ${field(options, {
    part: "auth",
    label: "Name for the login",
    value: line === undefined || line.authUser === line.user ? "" : line.authUser,
    example: "as the extension",
    help: "Only where the PBX wants another one.",
  })}
  ${field(options, {
    part: "expires",
    label: "Registered for, in seconds",
    value:
      line === undefined || line.expiresSeconds === defaultExpiresSeconds
        ? ""
        : String(line.expiresSeconds),
    example: String(defaultExpiresSeconds),
    help: "How often the line registers again.",
    isNumber: true,
  })}
  ${field(options, {
    part: "proxy",
    label: "Proxy",
    value: proxy === undefined ? "" : hostPort(proxy),
    example: "none",
    help: "Where all requests go instead of to the PBX itself.",
  })}`;
}

interface FieldTexts {
  readonly part: string;
  readonly label: string;
  readonly value: string;
  readonly example: string;
  readonly help: string;
  readonly isNumber?: boolean;
}

function field({ id, canEdit }: LineFormOptions, texts: FieldTexts): Html {
  const { part, label, value, example, help, isNumber = false } = texts;
  return html`<div class="field">
    <label for="${id}-${part}">${label}</label>
    <input
      id="${id}-${part}"
      type="text"
      name="${part}"
      value="${value}"
      data-part="${part}"
      data-was="${value}"
      placeholder="${example}"
      autocomplete="off"
      spellcheck="false"
      aria-describedby="${id}-${part}-help ${id}-problem"
      ${isNumber && html`inputmode="numeric"`}
      ${!canEdit && html`readonly`}
    />
    <p id="${id}-${part}-help" class="help">${help}</p>
  </div>`;
}

function transportField({ id, canEdit }: LineFormOptions, line: SipLine | undefined): Html {
  const own = line?.transport ?? "udp";
  return html`<div class="field">
    <label for="${id}-transport">Transport</label>
    <select
      id="${id}-transport"
      name="transport"
      data-part="transport"
      data-was="${own}"
      ${!canEdit && html`disabled`}
    >
      ${transports.map(
        (name) =>
          html`<option value="${name}" ${name === own && html`selected`}>
            ${name.toUpperCase()}
          </option>`,
      )}
    </select>
    <p class="help">How the PBX is talked to.</p>
  </div>`;
}

function passwordField({ id, password, canEdit }: LineFormOptions): Html {
  const isFixed = !canEdit || password?.canChange === false;
  return html`<div class="field">
    <label for="${id}-password">Password</label>
    <input
      id="${id}-password"
      type="password"
      name="password"
      data-password
      autocomplete="new-password"
      maxlength="4096"
      placeholder="${password?.isSet === true ? "kept as it is" : "not set"}"
      aria-describedby="${id}-password-help ${id}-problem"
      ${isFixed && html`readonly data-fixed`}
    />
    <p id="${id}-password-help" class="help">${passwordHelp(password)}</p>
  </div>`;
}

function passwordHelp(password: SecretSetting | undefined): string {
  if (password === undefined) return "It is kept in the file of secrets and never shown.";
  if (!password.isSet) return "No password is set: the PBX will refuse the line.";
  if (password.canChange) return "Set. Type a new one to replace it; it is never shown.";
  return `Set by ${password.source ?? "the environment"}, and changed there.`;
}

function parsedOf(view: LineView | undefined): SipLine | undefined {
  const parsed = view?.text === undefined ? undefined : parseLine(view.text);
  return parsed?.ok === true ? parsed.line : undefined;
}

function hostPort({ host, port }: { readonly host: string; readonly port: number | undefined }) {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

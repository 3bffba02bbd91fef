/** What was read of configuration and secrets, as pages and programs see it: no secret in it. Pure. */
import type { EffectiveValue } from "../config/config-effective.ts";
import { servicesToRun } from "../config/config-plan.ts";
import type { SchemaSection } from "../config/config-schema.ts";
import { hideCredentials } from "../config/hidden-credentials.ts";
import { defaultOf, type Option, type OptionValue } from "../config/options.ts";
import { type SecretName, secretVariables } from "../config/secrets-file.ts";
import { linePasswordNames, passwordVariable } from "../call/sip/registration/line-password.ts";
import { lineName, parseLine, type SipLine } from "../call/sip/registration/sip-line.ts";
import type {
  SecretSetting,
  Setting,
  SettingOrigin,
  SettingsSection,
  SettingsView,
} from "../web/settings/settings-desk.ts";
import type { ReadSettings } from "./settings-reading.ts";

export function settingsView(read: ReadSettings): SettingsView {
  const { path, secretsPath, isThere, revision, problems, effective, schema } = read;
  return {
    path,
    secretsPath,
    isThere,
    revision,
    sections: schema.sections.map((section) => sectionOf(section, read)),
    secrets: secretSettings(read),
    problems,
    run: servicesToRun(effective),
  };
}

/** `[sip] line` as it counts now. */
export function configuredLines({ effective }: Pick<ReadSettings, "effective">): readonly string[] {
  const value = effective.sections.get("sip")?.get("line")?.value;
  return typeof value === "object" ? value : [];
}

function sectionOf(section: SchemaSection, { effective }: ReadSettings): SettingsSection {
  const values = effective.sections.get(section.name);
  const settings = Object.entries(section.options).map(([key, option]) =>
    settingOf(key, option, values?.get(key)),
  );
  return { name: section.name, summary: section.summary, settings };
}

function settingOf(key: string, option: Option, known: EffectiveValue | undefined): Setting {
  const shown = shownValue(known?.value);
  return {
    key,
    kind: option.kind,
    help: option.help,
    valueName: option.kind === "boolean" ? "" : option.value,
    choices: "choices" in option ? option.choices : undefined,
    min: "min" in option ? option.min : undefined,
    max: "max" in option ? option.max : undefined,
    fallback: defaultOf(option),
    value: shown,
    isShortened: !Bun.deepEquals(shown, known?.value),
    origin: originOf(known),
  };
}

function originOf(known: EffectiveValue | undefined): SettingOrigin {
  if (known?.source === "file") return { kind: "file", line: known.line };
  if (known?.source !== "environment") return { kind: "default" };
  return { kind: "environment", variable: known.variable ?? "" };
}

/** Somebody may have written a password where none belongs. */
function shownValue(value: OptionValue | undefined): OptionValue | undefined {
  if (typeof value === "string") return hideCredentials(value);
  return typeof value === "object" ? value.map(hideCredentials) : value;
}

/** The page has a password, of which a hash is kept. */
export const shownSecrets: readonly (readonly [shown: string, kept: SecretName])[] = [
  ["web-password", "web-password-hash"],
  ["llama-key", "llama-key"],
  ["speech-key", "speech-key"],
  ["webhook-secret", "webhook-secret"],
];

function secretSettings(read: ReadSettings): readonly SecretSetting[] {
  const { secrets, outside, secretsPath } = read;
  const known = shownSecrets.map(([shown, kept]): SecretSetting => {
    const elsewhere = outside.get(kept) ?? outside.get(secretVariables[kept]);
    const isInFile = secrets.get(kept) !== undefined;
    return secretSetting(shown, elsewhere, isInFile ? secretsPath : undefined);
  });
  const lines = configuredLines(read).flatMap((text) => {
    const parsed = parseLine(text);
    return parsed.ok ? [lineSecret(text, parsed.line, read)] : [];
  });
  return [...known, ...lines];
}

function lineSecret(text: string, line: SipLine, read: ReadSettings): SecretSetting {
  const { secrets, outside, secretsPath, effective } = read;
  const candidates = linePasswordNames(text);
  const elsewhere = [
    passwordVariable(line.user),
    commonLineVariable,
    ...candidates.map((name) => `line.${name}`),
  ].flatMap((name) => outside.get(name) ?? [])[0];
  const passwordFile = effective.sections.get("sip")?.get("password-file")?.value;
  const isInFile = secrets.line(candidates) !== undefined;
  const otherwise = passwordFile === undefined ? undefined : String(passwordFile);
  return secretSetting(`line.${lineName(line)}`, elsewhere, isInFile ? secretsPath : otherwise);
}

/** For all lines that have no password of their own. */
const commonLineVariable = "WILDFIRE_LINE_PASSWORD";

function secretSetting(
  name: string,
  elsewhere: string | undefined,
  source: string | undefined,
): SecretSetting {
  const found = elsewhere ?? source;
  return { name, isSet: found !== undefined, source: found, canChange: elsewhere === undefined };
}

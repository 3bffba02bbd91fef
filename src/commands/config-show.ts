/** Prints what the configuration comes to, and of secrets only whether they are set. */
import type { EffectiveConfig, EffectiveValue } from "../config/config-effective.ts";
import { servicesToRun } from "../config/config-plan.ts";
import { hideCredentials } from "../config/hidden-credentials.ts";
import type { OptionValue } from "../config/options.ts";
import { secretNames, type Secrets } from "../config/secrets-file.ts";
import { formatTomlLine } from "../config/toml-value.ts";
import type { LinePassword } from "../services/service-secrets.ts";

export interface ShownConfig {
  readonly path: string;
  readonly effective: EffectiveConfig;
  readonly secrets: Secrets;
  readonly passwords: readonly LinePassword[];
}

/** Sections with a line for each option: its value and where it comes from. */
export function showText(shown: ShownConfig): string {
  const blocks = [...shown.effective.sections].map(([name, values]) => ({
    name,
    rows: [...values].map(
      ([key, value]) => [`${key} = ${valueText(value)}`, origin(value)] as const,
    ),
  }));
  const secrets = secretRows(shown).map(
    ({ name, source }) =>
      [`${name} = ${source === undefined ? "(not set)" : "(set)"}`, source ?? ""] as const,
  );
  return [{ name: "secrets", rows: secrets }].reduce(
    (text, block) => text + blockText(block),
    `# ${shown.path}\n${blocks.map(blockText).join("")}`,
  );
}

export function showJson(shown: ShownConfig): string {
  const sections: Record<string, unknown> = {};
  for (const [name, values] of shown.effective.sections) {
    const entries = [...values].map(([key, { value, ...from }]) => {
      return [key, { value: shownValue(value) ?? null, ...from }] as const;
    });
    sections[name] = Object.fromEntries(entries);
  }
  const secrets: Record<string, unknown> = {};
  for (const { name, source } of secretRows(shown)) {
    secrets[name] = { set: source !== undefined, source: source ?? null };
  }
  const whole = { file: shown.path, run: servicesToRun(shown.effective), sections, secrets };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

type Row = readonly [left: string, right: string];

function blockText({
  name,
  rows,
}: {
  readonly name: string;
  readonly rows: readonly Row[];
}): string {
  const width = Math.max(0, ...rows.map(([left]) => Math.min(left.length, maxAlignedChars))) + 2;
  const lines = rows.map(([left, right]) =>
    `  ${left.padEnd(width)}# ${right}`.replace(/# $/, "").trimEnd(),
  );
  return `\n[${name}]\n${lines.join("\n")}\n`;
}

/** A long value does not push the origins of all others out of sight. */
const maxAlignedChars = 44;

function valueText({ value }: EffectiveValue): string {
  return value === undefined ? "(not set)" : formatTomlLine(shownValue(value) ?? "");
}

function origin({ source, line, variable }: EffectiveValue): string {
  if (source === "file") return line === undefined ? "file" : `file, line ${line}`;
  return source === "environment" ? (variable ?? source) : source;
}

/** Somebody may have written a password where none belongs. */
function shownValue(value: OptionValue | undefined): OptionValue | undefined {
  if (typeof value === "string") return hideCredentials(value);
  return typeof value === "object" ? value.map(hideCredentials) : value;
}

interface SecretRow {
  readonly name: string;
  readonly source: string | undefined;
}

function secretRows({ secrets, passwords }: ShownConfig): readonly SecretRow[] {
  return [
    ...passwords.map(({ line, source }) => ({ name: `line."${line}"`, source })),
    ...secretNames.map((name) => ({ name, source: secrets.get(name)?.source })),
  ];
}

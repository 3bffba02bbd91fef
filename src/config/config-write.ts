/** Makes a new configuration file, with a remark above each key that says what it does. */
import type { ConfigSchema, SchemaSection } from "./config-schema.ts";
import { defaultOf, type Option, type OptionValue } from "./options.ts";
import { formatTomlValue } from "./toml-value.ts";

/** By section and key. */
export type ConfigValues = Readonly<Record<string, Readonly<Record<string, OptionValue>>>>;

/**
 * What differs from a default is set; what a section shows otherwise stands there as a remark, ready to be
 * used. Sections in which nothing is to be seen are left out. Throws a WildfireError("config") for text
 * that cannot be written; keys that the schema has not are left out.
 */
export function renderConfig(schema: ConfigSchema, values: ConfigValues): string {
  const parts = schema.sections.map((section) =>
    renderSection(section, values[section.name] ?? {}),
  );
  return [head, ...parts.filter((part) => part !== "")].join("\n");
}

const head = `# The configuration of Wildfire. After a change: wildfire config check
# Passwords and keys stand in secrets.toml beside this file.
`;

function renderSection(
  section: SchemaSection,
  values: Readonly<Record<string, OptionValue>>,
): string {
  const keys = Object.entries(section.options).flatMap(([name, option]) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const isSet = value !== undefined && !Bun.deepEquals(value, defaultOf(option));
    if (!isSet && !section.shown.includes(name)) return [];
    const line = isSet ? `${name} = ${formatTomlValue(value)}` : `# ${name} = ${example(option)}`;
    return [`# ${remark(option)}\n${line}\n`];
  });
  if (keys.length === 0) return "";
  return `# ${section.summary}\n[${section.name}]\n${keys.join("\n")}`;
}

/** The default, or the name of the value where there is none. */
function example(option: Option): string {
  if (option.kind === "list")
    return formatTomlValue(option.default ?? option.choices ?? [option.value]);
  const value = defaultOf(option);
  if (value !== undefined) return formatTomlValue(value);
  const choices = "choices" in option ? option.choices : undefined;
  if (choices?.[0] !== undefined) return formatTomlValue(choices[0]);
  return "value" in option ? formatTomlValue(option.value) : "false";
}

function remark(option: Option): string {
  const choices = "choices" in option ? option.choices : undefined;
  const known = choices === undefined ? "" : ` (${choices.join(", ")})`;
  return `${option.help}${known}`.replaceAll(/[\r\n]+/g, " ");
}

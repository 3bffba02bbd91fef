/** Of two keys of which one at most may be set, a change sets the second one: said beside its field. Pure. */
import type { ConfigChange } from "../config/config-edit.ts";
import type { EffectiveValue } from "../config/config-effective.ts";
import { findSection } from "../config/config-schema.ts";
import { optionName } from "../config/options.ts";
import type { FieldProblem } from "../web/settings/settings-desk.ts";
import type { ReadSettings } from "./settings-reading.ts";

/** `changes`: all that are made together, since one of them may take the other key out. */
export function exclusiveProblems(
  read: ReadSettings,
  changes: readonly ConfigChange[],
): readonly FieldProblem[] {
  return changes.flatMap(({ section, key, value }) => {
    const other = value === undefined ? undefined : rivalOf(read, section, optionName(key));
    if (other === undefined || !isSet(read, changes, { section, key: other })) return [];
    const message = `[${section}] ${other} is set already, and one of them counts`;
    const hint = `empty ${other} first, or this one`;
    return [{ field: `${section}.${key}`, message, hint }];
  });
}

function rivalOf({ schema }: ReadSettings, section: string, name: string): string | undefined {
  const pairs = findSection(schema, section)?.exclusive ?? [];
  return pairs.find((pair) => pair.includes(name))?.find((one) => one !== name);
}

function isSet(
  { effective }: ReadSettings,
  changes: readonly ConfigChange[],
  { section, key }: Pick<ConfigChange, "section" | "key">,
): boolean {
  const change = changes.find((one) => one.section === section && optionName(one.key) === key);
  if (change !== undefined) return change.value !== undefined;
  return isGiven(effective.sections.get(section)?.get(key));
}

function isGiven(known: EffectiveValue | undefined): boolean {
  return known?.source === "file" || known?.source === "environment";
}

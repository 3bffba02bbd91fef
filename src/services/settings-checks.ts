/** What is wrong with changes of settings, before anything is written: one problem for each field. */
import { access, constants } from "node:fs/promises";
import { changeProblems, type ConfigChange } from "../config/config-edit.ts";
import type { EffectiveValue } from "../config/config-effective.ts";
import { findOption, findSection } from "../config/config-schema.ts";
import { convertValue, optionName } from "../config/options.ts";
import { quote } from "../core/errors.ts";
import type {
  FieldProblem,
  SecretChange,
  SettingChange,
  SettingsChange,
} from "../web/settings/settings-desk.ts";
import { pageProblems, pageTrialProblems } from "./page-guard.ts";
import { exclusiveProblems } from "./exclusive-settings.ts";
import type { ReadSettings } from "./settings-reading.ts";
import { settingsView } from "./settings-view.ts";

/** A password that is shorter is guessed. */
const minPasswordCharacters = 8;
const maxPasswordCharacters = 1024;
const maxSecretCharacters = 4096;
/** What stands where something was left out of a value that is shown. */
const hiddenMark = "(hidden)";

/** Values of the right kind, from the texts of a form; what cannot be one stays, to be complained of. */
export function convertChanges(
  { schema }: ReadSettings,
  changes: readonly SettingChange[],
): readonly ConfigChange[] {
  return changes.map(({ section, key, value }) => {
    const option = findOption(schema, section, key);
    if (value === undefined || option === undefined) return { section, key, value };
    const converted = convertValue(option, value);
    return { section, key, value: converted.ok ? converted.value : value };
  });
}

export async function settingsProblems(
  read: ReadSettings,
  { changes, secrets, fromAddress }: SettingsChange,
): Promise<readonly FieldProblem[]> {
  const converted = convertChanges(read, changes);
  const wrong = changeProblems(read.schema, converted).map(({ section, key, message, hint }) => ({
    field: `${section ?? ""}.${key ?? ""}`,
    message: withoutPlace(message),
    hint,
  }));
  const named = new Set(wrong.map(({ field }) => field));
  const right = converted.filter(({ section, key }) => !named.has(`${section}.${key}`));
  const files = await Promise.all(right.map((change) => fileProblem(read, change)));
  const pageChange = { changes: right, secrets, fromAddress };
  const found = [
    ...wrong,
    ...right.flatMap((change) => ownProblem(read, change) ?? []),
    ...exclusiveProblems(read, right),
    ...files.flatMap((problem) => problem ?? []),
    ...secrets.flatMap((change) => secretProblem(read, change) ?? []),
    ...pageProblems(read, pageChange),
  ];
  // What is to be tried is tried with what is right otherwise.
  return found.length > 0 ? found : await pageTrialProblems(read, pageChange);
}

/** Beside the field nobody has to be told which one it is, nor what it is called on the command line. */
function withoutPlace(message: string): string {
  return message.replace(/^\[[\w-]+\] [\w-]+: /, "").replace(/ as in --[\w-]+ /, " as in ");
}

function ownProblem(read: ReadSettings, { section, key, value }: ConfigChange) {
  const field = `${section}.${key}`;
  const origin = settingOf(read, section, key);
  if (origin?.source === "environment") {
    const message = `this comes from ${origin.variable ?? "the environment"} in the environment`;
    return { field, message, hint: "change it there: it wins over the file" };
  }
  if ([value].flat().some((text) => typeof text === "string" && text.includes(hiddenMark))) {
    return { field, message: "a part of it is not shown", hint: "type it once more as a whole" };
  }
  return undefined;
}

function settingOf(read: ReadSettings, section: string, key: string): EffectiveValue | undefined {
  return read.effective.sections.get(section)?.get(optionName(key));
}

/** A service that cannot read its file does not start. */
async function fileProblem(
  { schema }: ReadSettings,
  { section, key, value }: ConfigChange,
): Promise<FieldProblem | undefined> {
  const owner = findSection(schema, section);
  const option = findOption(schema, section, key);
  const isFile = option?.kind === "string" && option.value === "FILE";
  if (owner?.isService !== true || !isFile || typeof value !== "string" || value === "") return;
  const isReadable = await access(value, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (isReadable) return undefined;
  const message = `there is no file ${quote(value, 200)} that the services can read`;
  return { field: `${section}.${key}`, message, hint: "give its whole path, and check its rights" };
}

function secretProblem(read: ReadSettings, change: SecretChange): FieldProblem | undefined {
  const { name, value, from } = change;
  const field = `secret.${name}`;
  const known = settingsView(read).secrets.find((secret) => secret.name === name);
  if (known === undefined && !name.startsWith("line.")) {
    return { field, message: `there is no secret ${quote(name)}`, hint: undefined };
  }
  if (known?.canChange === false && from === undefined) {
    const message = `this is set by ${known.source ?? "the environment"}`;
    return { field, message, hint: "change it there: it wins over the file" };
  }
  const problem = value === undefined ? undefined : textProblem(name, value);
  return problem === undefined ? undefined : { field, message: problem, hint: undefined };
}

function textProblem(name: string, value: string): string | undefined {
  const isPassword = name === "web-password";
  const text = isPassword ? value : value.trim();
  if (text.trim() === "") return "this is empty";
  if (/\p{Cc}/u.test(text)) return "this has control characters";
  const max = isPassword ? maxPasswordCharacters : maxSecretCharacters;
  if (text.length > max) return `this has more than ${max} characters`;
  const isShort = isPassword && text.length < minPasswordCharacters;
  return isShort ? `a password has at least ${minPasswordCharacters} characters` : undefined;
}

/** Changes single keys of the configuration and of the secrets on disk; all remarks stay. */
import { quote, WildfireError } from "../core/errors.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { checkValue, type ConfigProblem } from "./config-check.ts";
import { type ConfigSchema, findOption, findSection } from "./config-schema.ts";
import { renderConfig, type ConfigValues } from "./config-write.ts";
import { readConfigText } from "./load.ts";
import { type OptionValue, optionName } from "./options.ts";
import { lineSecretName, parseSecrets, type SecretName } from "./secrets-file.ts";
import { removeKey, setKey } from "./toml-edit.ts";
import { isTable, parseToml } from "./toml-parse.ts";

export interface ConfigChange {
  readonly section: string;
  readonly key: string;
  /** Undefined takes the key out, so that its default counts. */
  readonly value: OptionValue | undefined;
}

/** For the group of the service, and for nobody else. */
const configMode = 0o640;
const secretsMode = 0o600;

/** A new file; what was there is gone. Throws a WildfireError("config"). */
export async function writeConfig(
  path: string,
  schema: ConfigSchema,
  values: ConfigValues,
): Promise<void> {
  await writeFileAtomically({ path, text: renderConfig(schema, values), mode: configMode });
}

/**
 * All changes or none. Throws a WildfireError("config") for a change that the schema does not know or whose
 * value is wrong, for a file that is no TOML, and when the file was changed meanwhile.
 */
export async function editConfig(
  path: string,
  schema: ConfigSchema,
  changes: readonly ConfigChange[],
): Promise<void> {
  const problem = changeProblems(schema, changes)[0];
  if (problem !== undefined) {
    const { message, hint } = problem;
    throw new WildfireError("config", message, hint === undefined ? {} : { hint });
  }
  const before = await readConfigText(path);
  const text = changes.reduce(applyChange, before);
  if (text === before) return;
  await requireSame(path, before);
  await writeFileAtomically({ path, text, mode: configMode });
}

/** What is wrong with the changes themselves, for a form that shows it beside each field; pure. */
export function changeProblems(
  schema: ConfigSchema,
  changes: readonly ConfigChange[],
): readonly ConfigProblem[] {
  return changes.flatMap(({ section, key, value }) => {
    const owner = findSection(schema, section);
    const option = findOption(schema, section, key);
    const place = { line: undefined, section, key };
    if (owner === undefined || option === undefined) {
      return [{ ...place, message: `there is no ${quote(key)} in [${section}]`, hint: undefined }];
    }
    if (value === undefined) return [];
    const found = checkValue(owner, { name: optionName(key), option, value });
    return found === undefined ? [] : [{ ...place, ...found }];
  });
}

/** The text after a change, in the spelling that it has already; throws like `setKey`. */
function applyChange(text: string, { section, key, value }: ConfigChange): string {
  const spelled = spelledKey(text, section, key);
  if (value === undefined) return removeKey(text, section, spelled);
  return setKey(text, section, spelled, value);
}

/** Either a known secret, or the password of the line that is written `USER@HOST`. */
export type SecretChange = ({ readonly name: SecretName } | { readonly line: string }) & {
  readonly value: string | undefined;
};

/** The text of the secrets file after a change; pure, throws a WildfireError("config") without the value. */
export function applySecret(text: string, change: SecretChange): string {
  const { value } = change;
  const section = "line" in change ? "line" : undefined;
  const key = "line" in change ? spelledLine(text, change.line) : change.name;
  if (value === undefined) return removeKey(text, section, key);
  const edited = setKey(text === "" ? secretsHead : text, section, key, value);
  const problem = parseSecrets(edited, "").problems[0];
  if (problem === undefined) return edited;
  throw new WildfireError("config", `secrets.toml: ${problem.message}`);
}

/** Makes the file where there is none, and closes it to others. Throws a WildfireError("config"). */
export async function editSecrets(path: string, changes: readonly SecretChange[]): Promise<void> {
  const before = (await Bun.file(path).exists()) ? await readConfigText(path) : "";
  const text = changes.reduce(applySecret, before);
  if (text === before) return;
  if (before !== "") await requireSame(path, before);
  await writeFileAtomically({ path, text, mode: secretsMode, forceMode: true });
}

const secretsHead = `# Passwords and keys of Wildfire. Nobody but the owner may read this file.
`;

function spelledKey(text: string, section: string, key: string): string {
  const name = optionName(key);
  return tableKeys(text, section).find((spelled) => optionName(spelled) === name) ?? key;
}

function spelledLine(text: string, line: string): string {
  const name = lineSecretName(line);
  return tableKeys(text, "line").find((spelled) => lineSecretName(spelled) === name) ?? name;
}

function tableKeys(text: string, section: string): readonly string[] {
  const parsed = parseToml(text);
  const table = parsed.ok ? parsed.table[section] : undefined;
  return isTable(table) ? Object.keys(table) : [];
}

/** Somebody else's change is not to be lost. */
async function requireSame(path: string, before: string): Promise<void> {
  if ((await readConfigText(path)) === before) return;
  throw new WildfireError("config", `${quote(path, 200)} was changed by somebody else just now`, {
    hint: "try again",
  });
}

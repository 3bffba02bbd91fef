/** Writes changes of settings and secrets to their files; what stands there otherwise stays. */
import { userInfo } from "node:os";
import { dirname } from "node:path";
import {
  type ConfigChange,
  editConfig,
  editSecrets,
  type SecretChange as KeptSecret,
  writeConfig,
} from "../config/config-edit.ts";
import type { ConfigValues } from "../config/config-write.ts";
import type { OptionValue } from "../config/options.ts";
import { lineSecretName } from "../config/secrets-file.ts";
import { linePasswordNames, ownPasswordNames } from "../call/sip/registration/line-password.ts";
import { lineName, parseLine } from "../call/sip/registration/sip-line.ts";
import { errnoOf } from "../core/errno.ts";
import { WildfireError } from "../core/errors.ts";
import type { SecretChange } from "../web/settings/settings-desk.ts";
import type { ReadSettings } from "./settings-reading.ts";
import { configuredLines, shownSecrets } from "./settings-view.ts";

const linePrefix = "line.";
const pagePassword = "web-password";

/** Both are right. Throws a WildfireError, and says when one of the two files was written before. */
export async function writeSettings(
  read: ReadSettings,
  changes: readonly ConfigChange[],
  secrets: readonly SecretChange[],
): Promise<void> {
  const kept = await keptSecrets(read, secrets);
  // First, since a line without its password would fail, and a password without its line does nothing.
  if (kept.length > 0) await explained(editSecrets(read.secretsPath, kept));
  if (changes.length === 0) return;
  try {
    await explained(writeChanges(read, changes));
  } catch (error) {
    if (kept.length === 0 || !(error instanceof WildfireError)) throw error;
    const message = `passwords were saved, settings were not: ${error.message}`;
    const { hint } = error;
    throw new WildfireError(error.code, message, hint === undefined ? {} : { hint });
  }
}

async function writeChanges(read: ReadSettings, changes: readonly ConfigChange[]): Promise<void> {
  const { path, schema, isThere } = read;
  if (isThere) await editConfig(path, schema, changes);
  else await writeConfig(path, schema, valuesOf(changes));
}

function valuesOf(changes: readonly ConfigChange[]): ConfigValues {
  const values: Record<string, Record<string, OptionValue>> = {};
  for (const { section, key, value } of changes) {
    if (value !== undefined) (values[section] ??= {})[key] = value;
  }
  return values;
}

async function keptSecrets(
  read: ReadSettings,
  changes: readonly SecretChange[],
): Promise<readonly KeptSecret[]> {
  const kept = await Promise.all(changes.map((change) => keptSecret(read, change)));
  return kept.flat();
}

async function keptSecret(
  read: ReadSettings,
  change: SecretChange,
): Promise<readonly KeptSecret[]> {
  const { name, from } = change;
  // The page compares its password as it is typed.
  const value = name === pagePassword ? change.value : change.value?.trim();
  if (name.startsWith(linePrefix)) {
    const line = name.slice(linePrefix.length);
    if (value === undefined && from !== undefined) return movedPassword(read, line, from);
    return keptPassword(read, line, value);
  }
  const known = shownSecrets.find(([shown]) => shown === name)?.[1];
  if (known === undefined) return [];
  const isHashed = known === "web-password-hash" && value !== undefined;
  return [{ name: known, value: isHashed ? await Bun.password.hash(value, "argon2id") : value }];
}

/** Under the name that counts now; a password that is forgotten goes under all of them. */
function keptPassword(
  read: ReadSettings,
  name: string,
  value: string | undefined,
): readonly KeptSecret[] {
  const own = ownNamesInFile(read, name);
  if (value !== undefined) return [{ line: own[0] ?? name, value }];
  return own.length === 0 ? [{ line: name, value }] : own.map((line) => ({ line, value }));
}

/** The line is called otherwise now; where nothing is kept of it, nothing is to be done. */
function movedPassword(read: ReadSettings, to: string, from: string): readonly KeptSecret[] {
  const old = from.slice(linePrefix.length);
  const value = read.secrets.line(linePasswordNames(textOfLine(read, old)))?.value;
  if (value === undefined || lineSecretName(old) === lineSecretName(to)) return [];
  const own = ownNamesInFile(read, old).map((line) => ({ line, value: undefined }));
  return [{ line: to, value }, ...own];
}

/** Of a line's own password, the first of which counts; a line may be written there with its options. */
function ownNamesInFile(read: ReadSettings, name: string): readonly string[] {
  const { lineNames } = read.secrets;
  const names = ownPasswordNames(textOfLine(read, name)).map(lineSecretName);
  return [...new Set(names)].filter((own) => lineNames.includes(own));
}

/** As it is configured; the page knows lines by their names. */
function textOfLine(read: ReadSettings, name: string): string {
  const isMeant = (text: string): boolean => {
    const parsed = parseLine(text);
    return parsed.ok && lineSecretName(lineName(parsed.line)) === lineSecretName(name);
  };
  return configuredLines(read).find(isMeant) ?? name;
}

const forbidden: readonly string[] = ["EACCES", "EPERM", "EROFS"];

/** Whoever is refused by the system is told by whom the file is to be owned. */
async function explained(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    const isForbidden = error instanceof WildfireError && forbidden.includes(errnoOf(error.cause));
    if (!isForbidden) throw error;
    throw new WildfireError("state", error.message, { cause: error, hint: rightsHint(error) });
  }
}

function rightsHint({ message, cause }: WildfireError): string {
  const path = /^"([^"]+)"/.exec(message)?.[1] ?? "";
  const user = userInfo().username;
  if (errnoOf(cause) === "EROFS") {
    return `the service sees a read-only disk: install it again with \`wildfire install\`, whose unit lets it write ${dirname(path)}`;
  }
  return `the service runs as ${user}: say \`sudo chown -R ${user} ${dirname(path)}\``;
}

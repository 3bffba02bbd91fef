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
import { errnoOf } from "../core/errno.ts";
import { WildfireError } from "../core/errors.ts";
import type { SecretChange } from "../web/settings/settings-desk.ts";
import type { ReadSettings } from "./settings-reading.ts";
import { lineCandidates, shownSecrets } from "./settings-view.ts";

const linePrefix = "line.";

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
  const value = change.value?.trim();
  if (name.startsWith(linePrefix)) {
    const line = name.slice(linePrefix.length);
    if (value === undefined && from !== undefined) return movedPassword(read, line, from);
    return [{ line, value }];
  }
  const known = shownSecrets.find(([shown]) => shown === name)?.[1];
  if (known === undefined) return [];
  const isHashed = known === "web-password-hash" && value !== undefined;
  return [{ name: known, value: isHashed ? await Bun.password.hash(value, "argon2id") : value }];
}

/** The line is called otherwise now; where nothing is kept of it, nothing is to be done. */
function movedPassword({ secrets }: ReadSettings, to: string, from: string): readonly KeptSecret[] {
  const old = from.slice(linePrefix.length);
  const value = secrets.line(lineCandidates(old))?.value;
  if (value === undefined || lineSecretName(old) === lineSecretName(to)) return [];
  const isOwn = secrets.lineNames.includes(lineSecretName(old));
  return [{ line: to, value }, ...(isOwn ? [{ line: old, value: undefined }] : [])];
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

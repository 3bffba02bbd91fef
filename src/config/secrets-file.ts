/**
 * Passwords and keys: from the environment, or else systemd's credentials, or else `secrets.toml` beside
 * the configuration, which nobody but its owner may read. No message holds a value.
 */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { ConfigLines, type ConfigProblem } from "./config-check.ts";
import { nearestName } from "./nearest-name.ts";
import { isTable, parseToml } from "./toml-parse.ts";

/** The variables that the services read. */
export const secretVariables = {
  "llama-key": "WILDFIRE_LLAMA_KEY",
  "speech-key": "WILDFIRE_SPEECH_KEY",
  "web-password-hash": "WILDFIRE_WEB_PASSWORD_HASH",
  "webhook-secret": "WILDFIRE_WEBHOOK_SECRET",
} as const;

export type SecretName = keyof typeof secretVariables;

export const secretNames = [
  "llama-key",
  "speech-key",
  "web-password-hash",
  "webhook-secret",
] as const satisfies readonly SecretName[];

const names: readonly string[] = secretNames;
const lineTable = "line";
const maxFileBytes = 64 * 1024;
const maxSecretChars = 4096;

export interface Secret {
  readonly value: string;
  /** For people: a variable, `credential NAME` or the file. */
  readonly source: string;
}

export interface SecretSources {
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface LoadedSecrets {
  readonly secrets: Secrets;
  /** Without any value, and with the line of the file. */
  readonly problems: readonly ConfigProblem[];
}

/** Known secrets; no way of printing it shows them. */
export class Secrets {
  readonly #known: ReadonlyMap<string, Secret>;
  readonly #lines: ReadonlyMap<string, Secret>;

  constructor(known: ReadonlyMap<string, Secret>, lines: ReadonlyMap<string, Secret>) {
    this.#known = known;
    this.#lines = lines;
  }

  get(name: SecretName): Secret | undefined {
    return this.#known.get(name);
  }

  /** The password under the first of `candidates` that has one: `200@pbx:5060`, `200@pbx`, `200`. */
  line(candidates: readonly string[]): Secret | undefined {
    for (const name of candidates) {
      const secret = this.#lines.get(lineSecretName(name));
      if (secret !== undefined) return secret;
    }
    return undefined;
  }

  /** What stands under `line`, hosts in lower case, without the passwords. */
  get lineNames(): readonly string[] {
    return [...this.#lines.keys()];
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries([...this.#known.keys()].map((name) => [name, "(set)"]));
  }
}

/** As the password of a line is found: a host has no case, a user has. */
export function lineSecretName(text: string): string {
  const at = text.lastIndexOf("@");
  return text.slice(0, at + 1) + (at < 0 ? text : text.slice(at + 1).toLowerCase());
}

/** Throws a WildfireError("config") for a file that others can read, or that cannot be read. */
export async function loadSecrets({ path, env }: SecretSources): Promise<LoadedSecrets> {
  const text = await readSecretsFile(path);
  const file = parseSecrets(text ?? "", path);
  const known = new Map<string, Secret>(file.known);
  const lines = new Map<string, Secret>(file.lines);
  const problems = [...file.problems];
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (folder !== undefined && folder !== "")
    await addCredentials(folder, { known, lines, problems });
  for (const [name, variable] of Object.entries(secretVariables)) {
    const value = env[variable]?.trim() ?? "";
    if (value !== "") known.set(name, { value, source: variable });
  }
  return { secrets: new Secrets(known, lines), problems };
}

interface Found {
  readonly known: Map<string, Secret>;
  readonly lines: Map<string, Secret>;
  readonly problems: ConfigProblem[];
}

/** Of the text of a secrets file; pure. */
export function parseSecrets(text: string, source: string): Found {
  const found: Found = { known: new Map(), lines: new Map(), problems: [] };
  const parsed = parseToml(text);
  if (!parsed.ok) {
    // The parser's own words quote what it could not read, and that may be the secret.
    const message = "this is not valid TOML";
    const hint = 'write NAME = "…" or line."200@pbx" = "…", with the quotes';
    found.problems.push({ ...nowhere, line: parsed.fault.line, message, hint });
    return found;
  }
  const lines = new ConfigLines(text);
  const add = (into: Map<string, Secret>, path: readonly string[], value: unknown): void => {
    const problem = problemOf(value);
    const name = lineSecretName(path.at(-1) ?? "");
    if (problem === undefined) into.set(name, { value: String(value), source });
    else {
      const message = `the value of ${path.map((part) => quote(part)).join(".")} ${problem}`;
      found.problems.push({ ...nowhere, line: lines.lineOf(...path), message });
    }
  };
  for (const [name, value] of Object.entries(parsed.table)) {
    if (name === lineTable && isTable(value)) {
      for (const [line, password] of Object.entries(value)) {
        add(found.lines, [name, line], password);
      }
    } else if (names.includes(name)) add(found.known, [name], value);
    else found.problems.push({ ...nowhere, line: lines.lineOf(name), ...unknownName(name) });
  }
  return found;
}

const nowhere = { line: undefined, section: undefined, key: undefined, hint: undefined };

function problemOf(value: unknown): string | undefined {
  if (typeof value !== "string") return "is not text in quotes";
  if (value.trim() === "") return "is empty";
  if (value.length > maxSecretChars) return `has more than ${maxSecretChars} characters`;
  return /\p{Cc}/u.test(value) ? "has control characters" : undefined;
}

/** A name that is far from all might be a secret that was put in the wrong place. */
function unknownName(name: string): Pick<ConfigProblem, "message" | "hint"> {
  if (name === lineTable) {
    return { message: `"${lineTable}" is no table`, hint: 'write line."200@pbx" = "…"' };
  }
  const nearest = nearestName(name, [...names, lineTable]);
  if (nearest !== undefined) {
    return { message: `there is no secret ${quote(name)}`, hint: `did you mean ${nearest}?` };
  }
  const hint = `there are: ${names.join(", ")}, and line."200@pbx"`;
  return { message: "there is no secret of this name", hint };
}

/** Undefined when there is no file. */
async function readSecretsFile(path: string): Promise<string | undefined> {
  const shown = `secrets file ${quote(path, 200)}`;
  try {
    const facts = await stat(path);
    requirePrivate(facts, path, shown);
    return await Bun.file(path).text();
  } catch (error) {
    if (error instanceof WildfireError) throw error;
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
    throw new WildfireError("config", `${shown} cannot be read: ${formatErrno(errno)}`, {
      cause: error,
      hint: "check who owns it",
    });
  }
}

function requirePrivate(facts: Stats, path: string, shown: string): void {
  if (!facts.isFile()) throw new WildfireError("config", `${shown} is no file`);
  const mode = (facts.mode & 0o777).toString(8).padStart(4, "0");
  if ((facts.mode & 0o077) !== 0) {
    throw new WildfireError("config", `${shown} is open to others (mode ${mode})`, {
      hint: `type: chmod 600 ${path}`,
    });
  }
  if (facts.size > maxFileBytes) {
    const message = `${shown} has ${facts.size} bytes`;
    throw new WildfireError("config", message, { hint: `${maxFileBytes} are the most` });
  }
}

/** Credentials are files named like the secrets; the password of a line is in `line.200@pbx`. */
async function addCredentials(folder: string, found: Found): Promise<void> {
  for (const name of await credentialNames(folder)) {
    const line = name.startsWith(`${lineTable}.`) ? name.slice(lineTable.length + 1) : undefined;
    if (line === undefined && !names.includes(name)) continue;
    const value = await readCredential(join(folder, name));
    const problem = value === undefined ? "cannot be read" : problemOf(value);
    if (value === undefined || problem !== undefined) {
      const message = `the credential ${quote(name)} ${problem}`;
      found.problems.push({ ...nowhere, message });
      continue;
    }
    const secret = { value, source: `credential ${name}` };
    if (line === undefined) found.known.set(name, secret);
    else found.lines.set(lineSecretName(line), secret);
  }
}

async function credentialNames(folder: string): Promise<readonly string[]> {
  try {
    return await Array.fromAsync(new Bun.Glob("*").scan({ cwd: folder, onlyFiles: true }));
  } catch {
    return [];
  }
}

async function readCredential(path: string): Promise<string | undefined> {
  try {
    const file = Bun.file(path);
    if (file.size > maxFileBytes) return undefined;
    // Editors end a file with a line break.
    return (await file.text()).replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}

/** Reads the configuration file: TOML with one section per service. */
import { statSync } from "node:fs";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { isTable, parseToml } from "./toml-parse.ts";

export interface ConfigFile {
  readonly path: string;
  readonly sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** More is no configuration, and would be read into memory all the same. */
const maxFileBytes = 256 * 1024;

/** Throws a WildfireError("config") that names the file and what is wrong with it. */
export async function loadConfigFile(path: string): Promise<ConfigFile> {
  return { path, sections: parseConfig(await readConfigText(path), path) };
}

/** `closed`: this user may not look into its folder. */
export type FilePresence = "there" | "absent" | "closed";

export function presenceOf(path: string): FilePresence {
  try {
    statSync(path);
    return "there";
  } catch (error) {
    return errnoOf(error) === "EACCES" ? "closed" : "absent";
  }
}

/** Throws a WildfireError("config") that names the file. */
export async function readConfigText(path: string): Promise<string> {
  const shown = `configuration file ${quote(path, 200)}`;
  const presence = presenceOf(path);
  if (presence === "closed") throw unreadable(shown, "EACCES");
  const file = Bun.file(path);
  if (presence === "absent" || !(await file.exists())) {
    throw new WildfireError("config", `${shown} does not exist`, { hint: "check --config" });
  }
  if (file.size > maxFileBytes) {
    throw new WildfireError("config", `${shown} has ${file.size} bytes`, {
      hint: `${maxFileBytes} are the most: check --config`,
    });
  }
  try {
    return await file.text();
  } catch (error) {
    throw unreadable(shown, errnoOf(error), error);
  }
}

function unreadable(shown: string, errno: string, cause?: unknown): WildfireError {
  return new WildfireError("config", `${shown} cannot be read: ${formatErrno(errno)}`, {
    cause,
    hint:
      errno === "EACCES"
        ? "say it with sudo, or name another file with --config"
        : "check who may read it",
  });
}

export function parseConfig(text: string, path: string): ConfigFile["sections"] {
  const parsed = parseToml(text);
  if (!parsed.ok) {
    const { line, reason } = parsed.fault;
    const what = `${path} is not valid TOML: line ${line}: ${reason}`;
    throw new WildfireError("config", what, { hint: "see wildfire config check" });
  }
  const sections: Record<string, Record<string, unknown>> = {};
  for (const [name, section] of Object.entries(parsed.table)) {
    if (!isTable(section)) {
      throw new WildfireError("config", `${path}: ${quote(name)} stands outside a section`, {
        hint: "put it under [whisper] or another service",
      });
    }
    sections[name] = section;
  }
  return sections;
}

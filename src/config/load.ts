/** Reads the configuration file: TOML with one section per service. */
import { quote, WildfireError } from "../core/errors.ts";

export interface ConfigFile {
  readonly path: string;
  readonly sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Throws a WildfireError("config") that names the file and what is wrong with it. */
export async function loadConfigFile(path: string): Promise<ConfigFile> {
  const file = Bun.file(path);
  if (!(await file.exists())) {
    throw new WildfireError("config", `configuration file ${quote(path, 200)} does not exist`, {
      hint: "check --config",
    });
  }
  return { path, sections: parseConfig(await file.text(), path) };
}

export function parseConfig(text: string, path: string): ConfigFile["sections"] {
  const sections: Record<string, Record<string, unknown>> = {};
  for (const [name, section] of Object.entries(parseToml(text, path))) {
    if (!isTable(section)) {
      throw new WildfireError("config", `${path}: ${quote(name)} stands outside a section`, {
        hint: "put it under [whisper] or another service",
      });
    }
    sections[name] = section;
  }
  return sections;
}

function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    const parsed: unknown = Bun.TOML.parse(text);
    return isTable(parsed) ? parsed : {};
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WildfireError("config", `${path} is not valid TOML: ${reason}`, { cause: error });
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

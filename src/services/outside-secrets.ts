/**
 * Which secrets come from the environment or from systemd, as names and places without values. The
 * supervisor takes those out of the environment of the web service, which still has to say where they are.
 */
import { secretNames, type Secrets } from "../config/secrets-file.ts";

/** By `llama-key`, `line.200@pbx`, or the name of a variable for lines: for people, where it is. */
export type OutsideSecrets = ReadonlyMap<string, string>;

/** In the environment of the web service when a supervisor has started it. */
export const outsideVariable = "WILDFIRE_OUTSIDE_SECRETS";
const lineVariable = /^WILDFIRE_LINE_(?:\w+_)?PASSWORD$/;

export interface OutsideSources {
  /** From all places. */
  readonly secrets: Secrets;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file: what it holds is not outside. */
  readonly path: string;
}

export function outsideSecrets({ secrets, env, path }: OutsideSources): OutsideSecrets {
  const found = new Map<string, string>();
  const add = (name: string, source: string | undefined): void => {
    if (source !== undefined && source !== path) found.set(name, source);
  };
  for (const name of secretNames) add(name, secrets.get(name)?.source);
  for (const line of secrets.lineNames) add(`line.${line}`, secrets.line([line])?.source);
  for (const [name, value] of Object.entries(env)) {
    if (lineVariable.test(name) && (value ?? "") !== "") found.set(name, name);
  }
  return found;
}

export function writeOutsideSecrets(outside: OutsideSecrets): string {
  return JSON.stringify(Object.fromEntries(outside));
}

/** None for what is no such text. */
export function readOutsideSecrets(text: string): OutsideSecrets {
  try {
    const value: unknown = JSON.parse(text);
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return new Map(entries.map(([name, source]) => [name, String(source)]));
  } catch {
    return new Map();
  }
}

/**
 * `reload` of a running service: its options are read again, and those that count without a restart are
 * taken. Where another one has changed, nothing is taken and the answer names it.
 */
import { changeRule } from "../config/config-plan.ts";
import type { OptionValue } from "../config/options.ts";
import { quote, WildfireError } from "../core/errors.ts";
import type { CommandFields } from "./command-fields.ts";

type Values = Readonly<Record<string, OptionValue | undefined>>;

export interface ServiceReloadOptions<V extends Values> {
  readonly service: string;
  /** As the process was started. */
  readonly values: V;
  /** Reads them again; rejects with a WildfireError that says what is wrong. */
  readonly read: () => Promise<V>;
  /** Takes them; see `RunningService.reload`. */
  readonly take: (values: V) => Promise<readonly string[]>;
  /** Variables of this process, in which secrets come. */
  readonly env: Record<string, string | undefined>;
}

export interface ReloadAnswer {
  /** Options and what else was taken; nothing of it when `restart` names any. */
  readonly changed: readonly string[];
  /** Options that count after a restart only. */
  readonly restart: readonly string[];
}

const maxSecrets = 100;
const variableForm = /^WILDFIRE_[A-Z0-9_]{1,100}$/;

export class ServiceReload<V extends Values> {
  readonly #options: ServiceReloadOptions<V>;
  #values: V;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ServiceReloadOptions<V>) {
    this.#options = options;
    this.#values = options.values;
  }

  /**
   * `secrets`: variables that have other values now, null for one that is gone; the file of secrets is not
   * for the service to read. Rejects with a WildfireError when something is wrong with what it would take,
   * and then everything is as it was.
   */
  async reload({ secrets }: CommandFields): Promise<ReloadAnswer> {
    const given = readSecrets(secrets);
    // One after the other: each compares with what the one before has left.
    const answer = this.#last.then(() => this.#reload(given));
    this.#last = answer.catch(() => undefined);
    return await answer;
  }

  async #reload(secrets: ReadonlyMap<string, string | undefined>): Promise<ReloadAnswer> {
    const { service, env, read, take } = this.#options;
    const isOwnSecret = secrets.size > 0 && changeRule(service, "secrets") === "restart";
    if (isOwnSecret) return { changed: [], restart: ["secrets"] };
    const before = replaceVariables(env, secrets);
    try {
      const values = await read();
      const changed = Object.keys(values).filter(
        (name) => !Bun.deepEquals(values[name], this.#values[name]),
      );
      const restart = changed.filter((name) => changeRule(service, name) === "restart");
      if (restart.length > 0) {
        replaceVariables(env, before);
        return { changed: [], restart };
      }
      const more = await take(values);
      this.#values = values;
      const isOther = [...before].some(([name, value]) => env[name] !== value);
      const all = [...changed, ...(isOther ? ["secrets"] : []), ...more];
      return { changed: [...new Set(all)], restart: [] };
    } catch (error) {
      replaceVariables(env, before);
      throw error;
    }
  }
}

/** Returns what stood there. */
function replaceVariables(
  env: Record<string, string | undefined>,
  variables: ReadonlyMap<string, string | undefined>,
): ReadonlyMap<string, string | undefined> {
  const before = new Map<string, string | undefined>();
  for (const [name, value] of variables) {
    before.set(name, env[name]);
    if (value === undefined) delete env[name];
    else env[name] = value;
  }
  return before;
}

/** Of whoever may connect, which is the owner: what is wrong is a mistake. No value is ever shown. */
function readSecrets(given: unknown): ReadonlyMap<string, string | undefined> {
  if (given === undefined) return new Map();
  const entries = typeof given === "object" && given !== null ? Object.entries(given) : undefined;
  if (entries === undefined || entries.length > maxSecrets) {
    throw new WildfireError("usage", "secrets is no table of variables");
  }
  return new Map(
    entries.map(([name, value]: [string, unknown]) => {
      const isUsable = variableForm.test(name) && (typeof value === "string" || value === null);
      if (!isUsable) throw new WildfireError("usage", `secrets: ${quote(name)} is not usable`);
      return [name, value ?? undefined];
    }),
  );
}

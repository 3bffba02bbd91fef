/** What a changed configuration asks for: which services start, stop, restart or read it again. Pure. */
import type { ConfigSections } from "./config-check.ts";
import { effectiveConfig, type EffectiveConfig, type Environment } from "./config-effective.ts";
import type { ConfigSchema } from "./config-schema.ts";

/** `reload` by a command to the running service, `nothing` for what is read anew each time anyhow. */
export type ChangeRule = "restart" | "reload" | "nothing";

/** By section and key; what is not in it asks for a restart. The key `secrets` stands for those of a service. */
export type ReloadTable = Readonly<Record<string, Readonly<Record<string, ChangeRule>>>>;

/** What each service can take while it runs: its log. */
const common = ["verbose", "log-private"];
/** Calls that are up go on with the new ones from their next turn. */
const llama = [
  "backend",
  "url",
  "model",
  "key-file",
  "secrets",
  "prompt",
  "system",
  "greeting",
  "apology",
  "language",
  "temperature",
  "seed",
  "first-token-limit",
  "max-tokens",
  "max-answer",
  "stop",
  "history-tokens",
  "transfer",
  "transfer-any",
  "tools",
  "tool-style",
];
/** From the next clause on. */
const kokoro = [
  "engine",
  "url",
  "speech-model",
  "key-file",
  "secrets",
  "voice",
  "speed",
  "language",
  "phrase",
  "phrase-cache-mb",
];

/** The services go by this table too, and take nothing else without a restart. */
const reloadable: ReloadTable = {
  sip: allReload([...common, "max-calls"]),
  audiosocket: allReload([...common, "max-calls"]),
  whisper: allReload(common),
  llama: allReload([...common, ...llama]),
  kokoro: allReload([...common, ...kokoro]),
  web: allReload(common),
};

/** What a changed key of a section asks for. */
export function changeRule(section: string, key: string): ChangeRule {
  return ruleFor(reloadable, section, key);
}

/** The name under which the plan speaks of the supervisor itself, which never restarts for a change. */
const supervisorName = "supervisor";

/** Sections that are no services, by those who read them. */
const readers: Readonly<Record<string, readonly string[]>> = {
  logs: [supervisorName],
  services: [supervisorName],
  history: ["sip", "audiosocket", "web"],
  webhooks: ["web"],
};

/** Sections that the service reads besides its own. */
export function sectionsReadBy(service: string): readonly string[] {
  return Object.keys(readers).filter((section) => readers[section]?.includes(service));
}

export interface PlanInput {
  readonly schema: ConfigSchema;
  readonly env: Environment;
  readonly before: ConfigSections;
  readonly after: ConfigSections;
  /** Services that would be given other secrets now. */
  readonly changedSecrets?: readonly string[];
  readonly table?: ReloadTable;
}

export interface PlannedService {
  readonly service: string;
  /** What changed, for people: `llama.model`, `secrets`; in the order of the schema. */
  readonly keys: readonly string[];
}

export interface ConfigPlan {
  /** In the order in which `run` names them. */
  readonly start: readonly string[];
  readonly stop: readonly string[];
  readonly restart: readonly PlannedService[];
  readonly reload: readonly PlannedService[];
  /** Changed keys that ask for nothing, those of services that do not run among them. */
  readonly idle: readonly string[];
}

/** Compares what options come to: a default that is written out is no change. */
export function planChanges(input: PlanInput): ConfigPlan {
  const { schema, env, changedSecrets = [], table = reloadable } = input;
  const before = effectiveConfig({ schema, env, sections: input.before });
  const after = effectiveConfig({ schema, env, sections: input.after });
  const [ran, runs] = [servicesToRun(before), servicesToRun(after)];
  const stays = new Set([supervisorName, ...runs.filter((name) => ran.includes(name))]);
  const restart = new Map<string, string[]>();
  const reload = new Map<string, string[]>();
  const idle: string[] = [];
  const listFor = (rule: ChangeRule, reader: string): Map<string, string[]> =>
    rule === "restart" && reader !== supervisorName ? restart : reload;
  for (const { section, key } of changedKeys(before, after)) {
    const name = `${section}.${key}`;
    const rule = ruleFor(table, section, key);
    const concerned = (readers[section] ?? [section]).filter((reader) => stays.has(reader));
    if (rule === "nothing" || concerned.length === 0 || name === "services.run") idle.push(name);
    else for (const reader of concerned) add(listFor(rule, reader), reader, name);
  }
  for (const service of changedSecrets.filter((name) => stays.has(name))) {
    add(listFor(ruleFor(table, service, "secrets"), service), service, "secrets");
  }
  return {
    start: runs.filter((name) => !ran.includes(name)),
    stop: ran.filter((name) => !runs.includes(name)),
    restart: listed(restart),
    // Whoever starts anew has read everything.
    reload: listed(reload).filter(({ service }) => !restart.has(service)),
    idle,
  };
}

/** What `[services] run` says, or else what a call needs and the ways in that are configured. */
export function servicesToRun({ sections }: EffectiveConfig): readonly string[] {
  const run = sections.get("services")?.get("run")?.value;
  if (typeof run === "object" && run.length > 0) return [...new Set(run)];
  const usual = usualServices(
    (section, key) => (sections.get(section)?.get(key)?.source ?? "default") !== "default",
  );
  return usual.filter((name) => sections.has(name));
}

/** Where nobody says what to run; `isSet` tells whether somebody gave a value to a key of a section. */
export function usualServices(isSet: (section: string, key: string) => boolean): readonly string[] {
  const ways = [
    ...(isSet("sip", "line") ? ["sip"] : []),
    ...(isSet("audiosocket", "listen") ? ["audiosocket"] : []),
  ];
  return ["whisper", "llama", "kokoro", ...ways, "web"];
}

function changedKeys(
  before: EffectiveConfig,
  after: EffectiveConfig,
): { readonly section: string; readonly key: string }[] {
  return [...after.sections].flatMap(([section, values]) => {
    const old = before.sections.get(section);
    // A key within a table is in neither of both when the file does not have it.
    const keys = new Set([...values.keys(), ...(old?.keys() ?? [])]);
    return [...keys]
      .filter((key) => !Bun.deepEquals(values.get(key)?.value, old?.get(key)?.value))
      .map((key) => ({ section, key }));
  });
}

function allReload(keys: readonly string[]): Readonly<Record<string, ChangeRule>> {
  return Object.fromEntries(keys.map((key) => [key, "reload"]));
}

function ruleFor(table: ReloadTable, section: string, key: string): ChangeRule {
  const rules = Object.hasOwn(table, section) ? table[section] : undefined;
  return rules !== undefined && Object.hasOwn(rules, key) ? (rules[key] ?? "restart") : "restart";
}

function add(into: Map<string, string[]>, service: string, key: string): void {
  into.set(service, [...(into.get(service) ?? []), key]);
}

function listed(changes: ReadonlyMap<string, readonly string[]>): readonly PlannedService[] {
  return [...changes].map(([service, keys]) => ({ service, keys }));
}

/** What a changed configuration asks for: which services start, stop, restart or read it again. Pure. */
import type { ConfigSections } from "./config-check.ts";
import { effectiveConfig, type EffectiveConfig, type Environment } from "./config-effective.ts";
import type { ConfigSchema } from "./config-schema.ts";

/** `reload` by a command to the running service, `nothing` for what is read anew each time anyhow. */
export type ChangeRule = "restart" | "reload" | "nothing";

/** By section and key; what is not in it asks for a restart. */
export type ReloadTable = Readonly<Record<string, Readonly<Record<string, ChangeRule>>>>;

/** No service reads its options again yet. */
const reloadable: ReloadTable = {};

/** The name under which the plan speaks of the supervisor itself, which never restarts for a change. */
const supervisorName = "supervisor";

/** Sections that are no services, by whoever reads them. */
const readers: Readonly<Record<string, string>> = {
  logs: supervisorName,
  services: supervisorName,
  history: "web",
};

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
  const { schema, env, changedSecrets = [] } = input;
  const before = effectiveConfig({ schema, env, sections: input.before });
  const after = effectiveConfig({ schema, env, sections: input.after });
  const [ran, runs] = [servicesToRun(before), servicesToRun(after)];
  const stays = new Set([supervisorName, ...runs.filter((name) => ran.includes(name))]);
  const restart = new Map<string, string[]>();
  const reload = new Map<string, string[]>();
  const idle: string[] = [];
  for (const { section, key } of changedKeys(before, after)) {
    const reader = readers[section] ?? section;
    const name = `${section}.${key}`;
    const rule = ruleFor(input.table ?? reloadable, section, key);
    if (rule === "nothing" || !stays.has(reader) || name === "services.run") idle.push(name);
    else add(rule === "restart" && reader !== supervisorName ? restart : reload, reader, name);
  }
  for (const service of changedSecrets) if (stays.has(service)) add(restart, service, "secrets");
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
  const isSet = (section: string, key: string): boolean =>
    (sections.get(section)?.get(key)?.source ?? "default") !== "default";
  const ways = [
    ...(isSet("sip", "line") ? ["sip"] : []),
    ...(isSet("audiosocket", "listen") ? ["audiosocket"] : []),
  ];
  const usual = ["whisper", "llama", "kokoro", ...ways, "web"];
  return usual.filter((name) => sections.has(name));
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

/** From the configuration file to what is to run: pure. */
import type { ConfigFile } from "../config/load.ts";
import { readSection } from "../config/config-effective.ts";
import { sectionsReadBy, usualServices } from "../config/config-plan.ts";
import { environmentNames } from "../config/options.ts";
import { defaultLogFolder } from "../config/paths.ts";
import { logsOptions, servicesOptions } from "../config/shared-sections.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { runnableNames, serviceNames } from "../services/service-names.ts";
import type { ServicePlan, SupervisorPlan } from "./service-plan.ts";

export interface PlanSources {
  readonly file: ConfigFile | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stateFolder: string;
  /** How this program is started again. */
  readonly self: readonly string[];
  /** All variables of a service: secrets come this way. */
  readonly environmentOf: (service: string) => Readonly<Record<string, string>>;
  /** Services asked for on the command line, in place of those of the file. */
  readonly only: readonly string[];
}

export interface LogPlan {
  readonly folder: string;
  readonly maxBytes: number;
  readonly keep: number;
}

const bytesPerMegabyte = 1 << 20;
const mostMegabytes = 1 << 20;

/** Throws a WildfireError that names what is wrong in the file or among the names. */
export function planServices(sources: PlanSources): SupervisorPlan {
  const section = sources.file?.sections["services"] ?? {};
  const { "memory-mb": dashed, memory_mb: memoryMb = dashed, ...own } = section;
  const values = readSection(servicesOptions(runnableNames), {
    name: "services",
    path: sources.file?.path ?? "",
    sections: { services: own },
    env: sources.env,
  });
  const memory = readMemoryLimits(memoryMb, sources);
  const names = namesToRun(values.run, sources);
  return {
    services: names.map((name) => planOf(name, memory.get(name), sources)),
    drainLimitMs: values["drain-s"] * 1000,
  };
}

/** Where the common log goes. */
export function planLogs(sources: Pick<PlanSources, "file" | "env" | "stateFolder">): LogPlan {
  const values = readSection(logsOptions, {
    name: "logs",
    path: sources.file?.path ?? "",
    sections: sources.file?.sections ?? {},
    env: sources.env,
  });
  return {
    folder: values.folder ?? defaultLogFolder(sources.env, sources.stateFolder),
    maxBytes: values["max-mb"] * bytesPerMegabyte,
    keep: values.keep,
  };
}

function readMemoryLimits(value: unknown, { file }: PlanSources): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  if (value === undefined) return limits;
  const where = `${file?.path ?? ""} [services] memory-mb`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WildfireError("usage", `${where} is not a table of services`, {
      hint: "write memory-mb.whisper = 2000",
    });
  }
  for (const [name, megabytes] of Object.entries(value)) {
    requireService(name, where, runnableNames);
    const isUsable = typeof megabytes === "number" && megabytes >= 1 && megabytes <= mostMegabytes;
    if (!isUsable) {
      throw new WildfireError("usage", `${where}.${name}: ${quote(String(megabytes))} is no size`, {
        hint: `give megabytes from 1 to ${mostMegabytes}`,
      });
    }
    limits.set(name, megabytes * bytesPerMegabyte);
  }
  return limits;
}

function namesToRun(configured: readonly string[], sources: PlanSources): readonly string[] {
  const { only, file, env } = sources;
  for (const name of only) requireService(name, "--only", serviceNames);
  if (only.length > 0) return [...new Set(only)];
  if (configured.length > 0) return [...new Set(configured)];
  return usualServices((service, option) => {
    const isInFile = file?.sections[service]?.[option] !== undefined;
    const variables = environmentNames(service, option);
    return isInFile || variables.some((name) => (env[name] ?? "") !== "");
  });
}

function requireService(name: string, where: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new WildfireError("usage", `${where}: there is no service ${quote(name)}`, {
    hint: `there are ${names.join(", ")}`,
  });
}

function planOf(
  name: string,
  memoryLimitBytes: number | undefined,
  { file, env, stateFolder, self, environmentOf }: PlanSources,
): ServicePlan {
  const settings = file?.sections[name] ?? {};
  const alsoReads = Object.fromEntries(
    sectionsReadBy(name).map((section) => [section, file?.sections[section] ?? {}]),
  );
  const config = file === undefined ? [] : ["--config", file.path];
  const common = ["--state-dir", stateFolder, "--log-format", "json"];
  return {
    name,
    command: [...self, "--service", name, ...config, ...common],
    env: environmentOf(name),
    settings,
    alsoReads,
    memoryLimitBytes,
    showsPrivate: showsPrivate(settings, name, env),
  };
}

/** In doubt it does. */
function showsPrivate(
  settings: Readonly<Record<string, unknown>>,
  name: string,
  env: PlanSources["env"],
): boolean {
  const variables = [`WILDFIRE_${name.toUpperCase()}_LOG_PRIVATE`, "WILDFIRE_LOG_PRIVATE"];
  const given = [
    settings["log-private"],
    settings["log_private"],
    ...variables.map((key) => env[key]),
  ];
  return given.some((value) => value !== undefined && value !== "" && value !== false);
}

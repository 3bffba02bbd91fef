/** `wildfire config check|show`: whether the configuration is right, and what it comes to. */
import { checkConfig, formatProblem } from "../config/config-check.ts";
import { effectiveConfig, type EffectiveConfig } from "../config/config-effective.ts";
import { servicesToRun } from "../config/config-plan.ts";
import type { ConfigSchema } from "../config/config-schema.ts";
import { readConfigText } from "../config/load.ts";
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { defaultConfigFile, secretsFileOf } from "../config/paths.ts";
import { loadSecrets, type LoadedSecrets, Secrets } from "../config/secrets-file.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { currentConfigPath } from "../services/config-file.ts";
import { wholeSchema } from "../services/config-tables.ts";
import { webServiceOptions } from "../services/web-options.ts";
import { linePasswords, serviceSecrets } from "../services/service-secrets.ts";
import { showJson, showText, type ShownConfig } from "./config-show.ts";
import { takeOperands } from "./operands.ts";

const options = {
  config: { kind: "string", value: "FILE", help: "configuration file (TOML)" },
  json: { kind: "boolean", help: "show: one JSON object" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Says whether the configuration is right, and what each option comes to.

Usage: wildfire config check [FILE]
       wildfire config show [--json]
Example: wildfire config check /etc/wildfire/wildfire.toml

check prints all that is wrong, a line each, and ends with 1; or with 0 when nothing is.
show prints each value and where it comes from; of passwords and keys only whether they are set.

${formatOptions(options)}

Without --config and WILDFIRE_CONFIG the file is ${defaultConfigFile}, or, when that
is not there and the user is not root, ~/.config/wildfire/wildfire.toml.
`;

/** Resolves to 0, or to 1 for a configuration that is not right. */
export async function config(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(help);
    return 0;
  }
  const { operands, rest } = takeOperands(options, argv);
  const [action, file, ...more] = operands;
  const values = readOptions(options, {
    argv: rest,
    env: {},
    command: "config",
  });
  if (more.length > 0 || (action !== "check" && action !== "show")) {
    throw new WildfireError("usage", `config ${quote(operands.join(" "))} is nothing to do`, {
      hint: "say wildfire config check or wildfire config show",
    });
  }
  const looked = await lookAt(currentConfigPath(file ?? values.config));
  const { path, problems, effective } = looked;
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) return 1;
  if (action === "check") {
    process.stdout.write(`${path} is right: ${servicesToRun(effective).join(", ")}\n`);
  } else process.stdout.write(values.json ? showJson(looked) : showText(looked));
  return 0;
}

interface Looked extends ShownConfig {
  readonly problems: readonly string[];
}

async function lookAt(path: string): Promise<Looked> {
  const { env } = process;
  const schema: ConfigSchema = wholeSchema(webServiceOptions);
  const checked = checkConfig(await readConfigText(path), schema);
  const { sections, lines } = checked;
  const effective = effectiveConfig({ schema, sections, lines, env });
  const secretsPath = secretsFileOf(path);
  const { loaded, failure } = await trySecrets(secretsPath);
  const { secrets } = loaded;
  // One thing after the other: without the secrets nothing can be said about passwords.
  const isReadable = checked.problems.length === 0 && failure.length === 0;
  const passwords = linePasswords({ secrets, env, lines: linesOf(effective) });
  const problems = [
    ...checked.problems.map((problem) => formatProblem(path, problem)),
    ...effective.problems.map((problem) => formatProblem("environment", problem)),
    ...failure,
    ...loaded.problems.map((problem) => formatProblem(secretsPath, problem)),
    ...lineProblems({ isReadable, effective, secrets, passwords }).map(
      (what) => `${path}: ${what}`,
    ),
  ];
  return { path, effective, secrets, passwords, problems };
}

async function trySecrets(
  path: string,
): Promise<{ readonly loaded: LoadedSecrets; readonly failure: readonly string[] }> {
  try {
    return { loaded: await loadSecrets({ path, env: process.env }), failure: [] };
  } catch (error) {
    const secrets = new Secrets(new Map(), new Map());
    return { loaded: { secrets, problems: [] }, failure: [describeError(error)] };
  }
}

interface LineFacts extends Pick<ShownConfig, "secrets" | "passwords"> {
  readonly isReadable: boolean;
  readonly effective: EffectiveConfig;
}

/** A telephone that is to run needs lines, and each line its password. */
function lineProblems({ isReadable, effective, secrets, passwords }: LineFacts): readonly string[] {
  if (!isReadable || !servicesToRun(effective).includes("sip")) return [];
  const lines = linesOf(effective);
  if (lines.length === 0) {
    return ['[sip] has no line; write line = "USER@HOST", or leave sip out of [services] run'];
  }
  if (effective.sections.get("sip")?.get("password-file")?.value !== undefined) return [];
  const without = passwords.filter(({ source }) => source === undefined);
  return [
    ...without.map(
      ({ line }) => `line ${line} has no password; write line."${line}" = "…" into secrets.toml`,
    ),
    ...serviceSecrets({ service: "sip", secrets, lines, env: process.env }).problems,
  ];
}

function linesOf(effective: EffectiveConfig): readonly string[] {
  const lines = effective.sections.get("sip")?.get("line")?.value;
  return typeof lines === "object" ? lines : [];
}

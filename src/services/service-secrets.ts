/** Hands each service the secrets that it needs, and no others, by its environment. */
import { linePasswordNames, passwordVariable } from "../call/sip/registration/line-password.ts";
import { lineName, parseLine, type SipLine } from "../call/sip/registration/sip-line.ts";
import { type Secrets, type SecretName, secretVariables } from "../config/secrets-file.ts";
import { quote } from "../core/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const wanted: Readonly<Record<string, readonly SecretName[]>> = {
  llama: ["llama-key"],
  kokoro: ["speech-key"],
  web: ["web-password-hash", "webhook-secret"],
};

/** For all lines that have no password of their own. */
const commonLineVariable = "WILDFIRE_LINE_PASSWORD";
const lineVariable = /^WILDFIRE_LINE_(?:\w+_)?PASSWORD$/;

export interface ServiceSecretsOptions {
  readonly service: string;
  readonly secrets: Secrets;
  /** `[sip] line`: the extensions as they are configured. */
  readonly lines: readonly string[];
  /** Of this process: what stands in it wins. */
  readonly env: Environment;
}

export interface ServiceEnvironment {
  /** All variables of the child. */
  readonly env: Record<string, string>;
  /** One line each, without values: what keeps the service from logging in somewhere. */
  readonly problems: readonly string[];
}

/** The environment of a child: that of this process without the secrets of others, and its own added. */
export function serviceEnvironment(options: ServiceSecretsOptions): ServiceEnvironment {
  const own = serviceSecrets(options);
  return { env: { ...withoutSecrets(options.env), ...own.env }, problems: own.problems };
}

/** Only the variables that hold secrets. Two results tell whether a service must start anew. */
export function serviceSecrets(options: ServiceSecretsOptions): ServiceEnvironment {
  const { service, secrets } = options;
  if (service === "sip") return lineSecrets(options);
  const env: Record<string, string> = {};
  for (const name of wanted[service] ?? []) {
    const secret = secrets.get(name);
    if (secret !== undefined) env[secretVariables[name]] = secret.value;
  }
  return { env, problems: [] };
}

export interface LinePassword {
  /** As it is configured, without what may be a password. */
  readonly line: string;
  /** Where its password comes from, for people; undefined when it has none. */
  readonly source: string | undefined;
}

/** For people who ask what is set; lines that cannot be read are left out. */
export function linePasswords(options: Omit<ServiceSecretsOptions, "service">): LinePassword[] {
  return parsedLines(options.lines).map(({ text, line }) => ({
    line: lineName(line),
    source: passwordOf({ text, line }, options)?.source,
  }));
}

function withoutSecrets(env: Environment): Record<string, string> {
  const known = new Set<string>([...Object.values(secretVariables), "CREDENTIALS_DIRECTORY"]);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !known.has(name) && !lineVariable.test(name)) kept[name] = value;
  }
  return kept;
}

function lineSecrets(options: ServiceSecretsOptions): ServiceEnvironment {
  const env: Record<string, string> = {};
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const { text, line } of parsedLines(options.lines)) {
    const password = passwordOf({ text, line }, options);
    if (password === undefined) continue;
    const variable = passwordVariable(line.user);
    const owner = owners.get(variable);
    if (owner !== undefined && env[variable] !== password.value) {
      const what = `${quote(owner)} and ${quote(lineName(line))} have different passwords`;
      problems.push(`lines ${what}, but share ${variable}: give one of them another user name`);
      continue;
    }
    owners.set(variable, lineName(line));
    env[variable] = password.value;
  }
  return { env, problems };
}

interface ConfiguredLine {
  readonly text: string;
  readonly line: SipLine;
}

function parsedLines(lines: readonly string[]): readonly ConfiguredLine[] {
  return lines.flatMap((text) => {
    const parsed = parseLine(text);
    return parsed.ok ? [{ text, line: parsed.line }] : [];
  });
}

interface FoundPassword {
  readonly value: string;
  readonly source: string;
}

/** Own variable, the one for all lines, then what the secrets have under the line or its user. */
function passwordOf(
  { text, line }: ConfiguredLine,
  { secrets, env }: Pick<ServiceSecretsOptions, "secrets" | "env">,
): FoundPassword | undefined {
  for (const variable of [passwordVariable(line.user), commonLineVariable]) {
    const value = env[variable] ?? "";
    if (value !== "") return { value, source: variable };
  }
  return secrets.line(linePasswordNames(text));
}

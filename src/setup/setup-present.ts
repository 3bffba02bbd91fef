/** Reads what is configured: the defaults of the questions, and what the plan compares with. */
import { linePasswordNames, passwordFor } from "../call/sip/registration/line-password.ts";
import { parseLine } from "../call/sip/registration/sip-line.ts";
import { checkConfig, type ConfigSections, formatProblem } from "../config/config-check.ts";
import { effectiveConfig, type EffectiveConfig } from "../config/config-effective.ts";
import type { ConfigSchema } from "../config/config-schema.ts";
import { presenceOf, readConfigText } from "../config/load.ts";
import { secretsFileOf } from "../config/paths.ts";
import { loadSecrets, type Secrets } from "../config/secrets-file.ts";
import { parseToml } from "../config/toml-parse.ts";
import { WildfireError } from "../core/errors.ts";
import { numberOf, textOf, textsOf } from "../doctor/configured.ts";
import type { LineState, SetupState } from "./setup-state.ts";

export interface Present {
  readonly path: string;
  readonly secretsPath: string;
  readonly isThere: boolean;
  readonly state: SetupState;
  /** Of the file alone: what stands in the environment is not in it, and setup writes the file. */
  readonly config: EffectiveConfig;
  /** All lines as they are written; the state speaks of the first. */
  readonly lines: readonly string[];
  /** `[services] run`, where somebody wrote one. */
  readonly run: readonly string[] | undefined;
  /** Lines of the secrets that have a password, hosts in lower case. */
  readonly secretLines: readonly string[];
  /** Wrong things in the file that do not keep setup from changing it; one line each. */
  readonly problems: readonly string[];
}

/** Where a file beside the configuration is named, its text; undefined where it cannot be read. */
interface NamedFiles {
  readonly linePasswords: string | undefined;
  readonly chatKey: string | undefined;
  readonly speechKey: string | undefined;
}

/** Throws a WildfireError("config") for a file that must be repaired by hand first. */
export async function readPresent(path: string, schema: ConfigSchema): Promise<Present> {
  const isThere = presenceOf(path) !== "absent";
  const text = isThere ? await readConfigText(path) : "";
  requireToml(path, text);
  const checked = checkConfig(text, schema);
  const { sections, lines } = checked;
  const config = effectiveConfig({ schema, sections, lines, env: {} });
  const secretsPath = secretsFileOf(path);
  const { secrets } = await loadSecrets({ path: secretsPath, env: {} });
  const files = {
    linePasswords: await fileText(textOf(config, "sip", "password-file")),
    chatKey: (await fileText(textOf(config, "llama", "key-file")))?.trim(),
    speechKey: (await fileText(textOf(config, "kokoro", "key-file")))?.trim(),
  };
  return {
    path,
    secretsPath,
    isThere,
    config,
    ...readState({ sections, config, secrets, files }),
    problems: checked.problems.map((problem) => formatProblem(path, problem)),
  };
}

interface ReadSources {
  readonly sections: ConfigSections;
  readonly config: EffectiveConfig;
  readonly secrets: Secrets;
  readonly files: NamedFiles;
}

/** Pure. */
function readState(sources: ReadSources): Pick<Present, "state" | "lines" | "run" | "secretLines"> {
  const { config, secrets } = sources;
  const lines = textsOf(config, "sip", "line");
  const run = textsOf(config, "services", "run");
  const state: SetupState = {
    calls: {
      line: lines[0] === undefined ? undefined : readLine(lines[0], sources),
      audiosocket: readAudioSocket(sources, run),
    },
    brain: readBrain(sources),
    voice: readVoice(sources),
    ears: { model: textOf(config, "whisper", "model") },
    page: readPage(sources),
  };
  const { lineNames: secretLines } = secrets;
  return { state, lines, run: run.length === 0 ? undefined : run, secretLines };
}

function readBrain({ config, secrets, files }: ReadSources): SetupState["brain"] {
  return {
    backend: textOf(config, "llama", "backend") === "openai" ? "openai" : "echo",
    url: textOf(config, "llama", "url"),
    model: textOf(config, "llama", "model") ?? "default",
    key: files.chatKey ?? secrets.get("llama-key")?.value,
  };
}

function readVoice({ config, secrets, files }: ReadSources): SetupState["voice"] {
  return {
    engine: textOf(config, "kokoro", "engine") === "openai-speech" ? "openai-speech" : "builtin",
    url: textOf(config, "kokoro", "url"),
    model: textOf(config, "kokoro", "speech-model") ?? "kokoro",
    voice: textOf(config, "kokoro", "voice"),
    key: files.speechKey ?? secrets.get("speech-key")?.value,
  };
}

function readPage({ config, secrets }: ReadSources): SetupState["page"] {
  return {
    passwordHash: secrets.get("web-password-hash")?.value,
    bind: textOf(config, "web", "bind") ?? "127.0.0.1",
    port: numberOf(config, "web", "port") ?? 8081,
    isSecure: isSecure(config),
  };
}

/** Files alone are enough; `off` wins over them. */
function isSecure(config: EffectiveConfig): boolean {
  const tls = textOf(config, "web", "tls");
  if (tls !== undefined) return tls !== "off";
  return textOf(config, "web", "tls-cert") !== undefined;
}

/** A line that cannot be read is shown all the same, so that it can be corrected. */
function readLine(text: string, { secrets, files }: ReadSources): LineState {
  const plain = splitLine(text);
  const parsed = parseLine(text);
  if (!parsed.ok) return { ...plain, password: undefined };
  const { line } = parsed;
  const kept = secrets.line(linePasswordNames(text));
  const inFile = passwordFor(line, {}, files.linePasswords);
  return { ...plain, password: kept?.value ?? (inFile.ok ? inFile.password : undefined) };
}

/** At the last @ in front of the options. */
function splitLine(text: string): { readonly user: string; readonly pbx: string } {
  const [address = ""] = text.split(";", 1);
  const at = address.lastIndexOf("@");
  if (at < 0) return { user: "", pbx: text };
  return { user: text.slice(0, at).replace(/^sip:/i, ""), pbx: text.slice(at + 1) };
}

function readAudioSocket(
  { sections, config }: ReadSources,
  run: readonly string[],
): string | undefined {
  const isMeant = run.length === 0 ? isListening(sections) : run.includes("audiosocket");
  return isMeant ? textOf(config, "audiosocket", "listen") : undefined;
}

/** Without `[services] run` it is the key that makes the service run. */
function isListening(sections: ConfigSections): boolean {
  return sections["audiosocket"]?.["listen"] !== undefined;
}

function requireToml(path: string, text: string): void {
  const parsed = parseToml(text);
  if (parsed.ok) return;
  const { line, reason } = parsed.fault;
  throw new WildfireError("config", `${path}:${line}: this is not valid TOML: ${reason}`, {
    hint: "repair it first, or move it away and say wildfire setup again",
  });
}

async function fileText(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return await Bun.file(path)
    .text()
    .catch(() => undefined);
}

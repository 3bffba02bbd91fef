/** All commands with what may follow each: what completions are made from. */
import { type OptionTable } from "../config/options.ts";
import { audiosocketService } from "../services/audiosocket.ts";
import { inboundService } from "../services/inbound.ts";
import { kokoroOptions } from "../services/kokoro-options.ts";
import { hearingOptions } from "../services/hearing-options.ts";
import { llamaOptions } from "../services/llama-options.ts";
import { outboundService } from "../services/outbound.ts";
import { serviceNames } from "../services/service-names.ts";
import { sipOptions } from "../services/sip-options.ts";
import { whisperService } from "../services/whisper.ts";
import { logLevels } from "../core/log.ts";
import { knownModels } from "../models-store/known-models.ts";
import { doctorOptions } from "./doctor.ts";
import { setupOptions } from "../setup/setup-flags.ts";
import { installOptions } from "./install.ts";
import { modelsOptions } from "./models.ts";
import type { CatalogueEntry } from "./shell-completion.ts";
import { uninstallOptions } from "./uninstall.ts";

const stateDir = {
  "state-dir": { kind: "string", value: "DIR", help: "state folder of the services" },
} as const;
const help = { help: { kind: "boolean", short: "h", help: "what can be said" } } as const;
const json = { json: { kind: "boolean", help: "for programs" } } as const;
const configFile = {
  config: { kind: "string", value: "FILE", help: "configuration file (TOML)" },
} as const;
const watched = ["whisper", "sip", "llama", "kokoro"] as const;

/** Of commands that keep their table to themselves; a test holds these against their help. */
const otherOptions = {
  demo: {
    model: hearingOptions.model,
    wav: { kind: "string", value: "FILE", help: "what the caller says" },
    once: { kind: "boolean", help: "end after the call" },
    ...help,
  },
  up: {
    ...configFile,
    only: { kind: "list", value: "NAME", choices: serviceNames, help: "run only these services" },
    ...stateDir,
    ...help,
  },
  status: { ...stateDir, ...help },
  events: {
    service: { kind: "string", value: "NAME", choices: watched, help: "whose events" },
    kinds: { kind: "boolean", help: "which kinds there are" },
    ...json,
    ...stateDir,
    ...help,
  },
  logs: {
    follow: { kind: "boolean", short: "f", help: "go on with what is added" },
    service: {
      kind: "string",
      value: "NAME",
      choices: [...serviceNames, "web", "supervisor"],
      help: "only of this service",
    },
    call: { kind: "string", value: "ID", help: "only of this call" },
    level: {
      kind: "string",
      value: "LEVEL",
      choices: logLevels,
      help: "only this level and worse",
    },
    lines: { kind: "string", value: "N", help: "only the last N" },
    ...json,
    ...configFile,
    ...stateDir,
    ...help,
  },
  call: {
    line: { kind: "string", value: "LINE", help: "the line to call from" },
    digits: { kind: "string", value: "KEYS", help: "keys to press when the call is up" },
    wait: { kind: "boolean", help: "stay until the call is over" },
    ...stateDir,
    ...help,
  },
  transcribe: {
    whole: { kind: "boolean", help: "each file is one utterance" },
    ...json,
    ...hearingOptions,
    ...stateDir,
    verbose: { kind: "boolean", short: "v", help: "log each step" },
    ...help,
  },
  wer: {
    model: hearingOptions.model,
    language: hearingOptions.language,
    conditions: { kind: "string", value: "LIST", help: "which to evaluate" },
    context: {
      kind: "string",
      value: "CONTEXT",
      choices: ["both", "trimmed", "full"],
      help: "trimmed as the service does, full, or both",
    },
    "min-context": hearingOptions["min-context"],
    snr: { kind: "string", value: "LIST", help: "speech over white noise in dB" },
    loss: { kind: "string", value: "LIST", help: "percent of packets lost" },
    seed: { kind: "string", value: "N", help: "another number makes other noise" },
    prompt: hearingOptions.prompt,
    threads: hearingOptions.threads,
    lanes: hearingOptions.lanes,
    "no-gpu": hearingOptions["no-gpu"],
    "show-errors": { kind: "boolean", help: "list each wrong utterance" },
    ...json,
    ...stateDir,
    ...help,
  },
  config: { ...configFile, ...json, ...help },
} as const satisfies Readonly<Record<string, OptionTable>>;

/** Words that may follow a command, beside its options. */
type Words = readonly string[];

function entry(
  name: string,
  summary: string,
  options: OptionTable,
  words: Words = [],
): CatalogueEntry {
  return { name, summary, options, words };
}

export const commandCatalogue: readonly CatalogueEntry[] = [
  entry("setup", "asks a few questions, and tries each answer", setupOptions),
  entry("up", "runs the configured services", otherOptions.up),
  entry("demo", "a spoken call, from sound to text", otherOptions.demo),
  entry("doctor", "says what is wrong, and what to do", doctorOptions),
  entry("status", "what a running service knows about itself", otherOptions.status, serviceNames),
  entry("events", "what callers say, while they say it", otherOptions.events),
  entry("logs", "what the services logged", otherOptions.logs),
  entry("call", "calls somebody", otherOptions.call),
  entry("config", "checks or shows the configuration", otherOptions.config, ["check", "show"]),
  entry("models", "whisper models: list, pull, rm", modelsOptions, [
    "list",
    "pull",
    "rm",
    ...knownModels.map(({ name }) => name),
  ]),
  entry("transcribe", "recordings to text", otherOptions.transcribe),
  entry("wer", "word error rate over recordings", otherOptions.wer),
  entry("install", "makes this a service of the machine", installOptions),
  entry("uninstall", "takes the service away again", uninstallOptions),
  entry("completions", "completions for a shell", help, ["bash", "zsh", "fish"]),
  entry("version", "which build this is", {}),
  entry("help", "what can be said", {}),
];

/** What may follow `--service NAME`. */
export const serviceCatalogue: readonly CatalogueEntry[] = [
  entry("whisper", whisperService.summary, whisperService.options),
  entry("inbound", inboundService.summary, inboundService.options),
  entry("outbound", outboundService.summary, outboundService.options),
  entry("sip", "Registers as extensions of a PBX.", sipOptions),
  entry("audiosocket", audiosocketService.summary, audiosocketService.options),
  entry("llama", "Holds the conversations of all calls.", llamaOptions),
  entry("kokoro", "Speaks the answers of all calls.", kokoroOptions),
];

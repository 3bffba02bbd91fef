/** The sections that belong to no service of their own. */
import type { OptionTable } from "./options.ts";

/** What `wildfire up` runs. */
export function servicesOptions<const Names extends readonly string[]>(names: Names) {
  return {
    run: {
      kind: "list",
      value: "NAME",
      choices: names,
      help: "the services to run; without it web, whisper, llama, kokoro and the ways in that are configured",
    },
    "drain-s": {
      kind: "integer",
      value: "S",
      min: 0,
      max: 3600,
      default: 30,
      help: "how long a stop or restart waits for calls to end",
    },
  } as const satisfies OptionTable;
}

/** `memory-mb.whisper = 2000` under [services]. */
export function memoryOptions(names: readonly string[]): OptionTable {
  const option = {
    kind: "integer",
    value: "MB",
    min: 1,
    max: 1 << 20,
    help: "resident memory above which the service is restarted",
  } as const;
  return Object.fromEntries(names.map((name) => [name, option]));
}

export const logsOptions = {
  folder: {
    kind: "string",
    value: "DIR",
    help: "folder of the log files; without it logs/ in the state folder",
  },
  "max-mb": {
    kind: "integer",
    value: "MB",
    min: 1,
    max: 10_000,
    default: 20,
    help: "size at which a log file is put away and a new one begun",
  },
  keep: {
    kind: "integer",
    value: "N",
    min: 0,
    max: 1000,
    default: 5,
    help: "how many of the files that were put away are kept",
  },
} as const satisfies OptionTable;

export const historyOptions = {
  folder: {
    kind: "string",
    value: "DIR",
    help: "folder of the call history; without it history/ in the state folder",
  },
  "keep-days": {
    kind: "integer",
    value: "DAYS",
    min: 0,
    max: 36_500,
    default: 90,
    help: "older calls are forgotten; 0: none are",
  },
  "max-mb": {
    kind: "integer",
    value: "MB",
    min: 10,
    max: 1_000_000,
    default: 1000,
    help: "size of the history; the oldest calls make room",
  },
  audio: { kind: "boolean", help: "keep the sound of calls too" },
} as const satisfies OptionTable;

/** What the web page needs to be found; the options of the web service hold these too. */
export const webOptions = {
  bind: { kind: "string", value: "ADDRESS", default: "127.0.0.1", help: "address of the web page" },
  port: {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: 8081,
    help: "TCP port of the web page",
  },
  tls: {
    kind: "string",
    value: "HOW",
    choices: ["off", "files", "generated"],
    help: "https: off, with a certificate from files, or with one that this host makes for itself",
  },
  "tls-cert": { kind: "string", value: "FILE", help: "certificate (PEM) for https" },
  "tls-key": { kind: "string", value: "FILE", help: "private key (PEM) of that certificate" },
} as const satisfies OptionTable;

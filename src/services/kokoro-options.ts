/** The options of `--service kokoro`. */
import type { OptionTable, OptionValues } from "../config/options.ts";
import { replyTextPort, transcriptPort, voiceSignalPort } from "../wire/ports.ts";
import { commonOptions } from "./service.ts";

export const kokoroOptions = {
  engine: {
    kind: "string",
    value: "NAME",
    choices: ["builtin", "openai-speech"],
    default: "builtin",
    help: "what speaks: builtin, or openai-speech, a server such as Kokoro-FastAPI",
  },
  url: { kind: "string", value: "URL", help: "address of the speech server" },
  "speech-model": {
    kind: "string",
    value: "NAME",
    default: "kokoro",
    help: "what the speech server calls its model",
  },
  "key-file": {
    kind: "string",
    value: "FILE",
    help: "file with the key of the speech server; or set WILDFIRE_SPEECH_KEY",
  },
  voice: { kind: "string", value: "NAME", help: "voice of the engine" },
  speed: {
    kind: "number",
    value: "X",
    min: 0.5,
    max: 2,
    default: 1,
    help: "pace of speech, 1 is natural",
  },
  language: { kind: "string", value: "TAG", help: "language of the texts, such as en or de" },
  phrase: {
    kind: "list",
    isText: true,
    value: "TEXT",
    help: "phrase to have ready from the start; repeatable",
  },
  "phrase-cache-mb": {
    kind: "integer",
    value: "MB",
    min: 0,
    max: 100_000,
    default: 64,
    help: "room for phrases that come again; 0: none are kept",
  },
  port: {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: replyTextPort,
    help: "TCP port for the texts of the LLaMA",
  },
  "signal-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: voiceSignalPort,
    help: "UDP port for SPEECH and SILENCE, reports of outbound, and older outbound services",
  },
  "llama-signal-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: transcriptPort,
    help: "UDP port at which the LLaMA is told what was heard; 0: it is not told",
  },
  bind: { kind: "string", value: "ADDRESS", default: "127.0.0.1", help: "address to listen on" },
  "outbound-host": {
    kind: "string",
    value: "HOST",
    default: "127.0.0.1",
    help: "where outbound is told that there is sound",
  },
  ...commonOptions,
} as const satisfies OptionTable;

export type KokoroOptions = typeof kokoroOptions;
export type KokoroValues = OptionValues<KokoroOptions>;

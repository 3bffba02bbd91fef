/** Options of `--service llama`, and what they come to. */
import type { OptionTable, OptionValues } from "../config/options.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { CallSettings } from "../llama-bridge/call/llama-call.ts";
import { PromptTemplate } from "../llama-bridge/conversation/prompt-template.ts";
import { spokenLanguage, usualPrompt } from "../llama-bridge/conversation/usual-prompt.ts";
import { ToolBox } from "../llama-bridge/conversation/tool-box.ts";
import { replyTextPort, transcriptPort, voiceSignalPort } from "../wire/ports.ts";
import { commonOptions } from "./service.ts";
import { loadToolFile } from "./tool-file.ts";
import { parseDestinations } from "./transfer-destinations.ts";

export const llamaOptions = {
  backend: {
    kind: "string",
    value: "NAME",
    choices: ["echo", "openai"],
    default: "echo",
    help: "what answers: openai, any chat server of that convention; or echo, which says it again",
  },
  url: { kind: "string", value: "URL", help: "address of the chat server" },
  model: { kind: "string", value: "NAME", default: "default", help: "model of the chat server" },
  "key-file": {
    kind: "string",
    value: "FILE",
    help: "file with the key of the chat server; or set WILDFIRE_LLAMA_KEY",
  },
  prompt: {
    kind: "string",
    value: "TEXT",
    help: "system prompt; {caller}, {line}, {date}, {time} and {language} are filled in",
  },
  system: {
    kind: "string",
    value: "FILE",
    help: "file with the system prompt, in place of prompt",
  },
  greeting: { kind: "string", value: "TEXT", default: "", help: "what each caller hears first" },
  apology: {
    kind: "string",
    value: "TEXT",
    help: "what a caller hears when no answer can be had; an empty text says nothing",
  },
  language: { kind: "string", value: "TAG", default: "en", help: "language of the calls: en, de" },
  temperature: {
    kind: "number",
    value: "T",
    min: 0,
    max: 2,
    help: "how freely the model chooses its words; unless given, the server decides",
  },
  seed: { kind: "integer", value: "N", min: 0, max: 2 ** 31, help: "the same answers each time" },
  "first-token-limit": {
    kind: "number",
    value: "SECONDS",
    min: 0.1,
    max: 100,
    default: 20,
    help: "a server that has not begun to answer by then is given up",
  },
  "max-tokens": {
    kind: "integer",
    value: "N",
    min: 1,
    max: 100_000,
    default: 400,
    help: "longest answer, in tokens",
  },
  "max-answer": {
    kind: "integer",
    value: "N",
    min: 40,
    max: 20_000,
    default: 2000,
    help: "longest answer, in characters; more is not spoken",
  },
  stop: {
    kind: "list",
    isText: true,
    value: "TEXT",
    help: "ends the answer where it comes; at most four",
  },
  "history-tokens": {
    kind: "integer",
    value: "N",
    min: 256,
    max: 1_000_000,
    default: 3000,
    help: "what is sent of a call, prompt included; the oldest turns are left out",
  },
  transfer: {
    kind: "list",
    value: "NAME=NUMBER",
    help: "somebody the model may transfer callers to; repeatable",
  },
  "transfer-any": { kind: "boolean", help: "the model may transfer callers to any number" },
  tools: { kind: "string", value: "FILE", help: "web addresses that the model may ask (TOML)" },
  "tool-style": {
    kind: "string",
    value: "STYLE",
    choices: ["auto", "off", "protocol", "text"],
    default: "auto",
    help: "how the model uses tools: protocol, or marks in its text; auto: protocol if there is one",
  },
  "out-host": {
    kind: "string",
    value: "HOST",
    default: "127.0.0.1",
    help: "where the voice listens",
  },
  "out-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: replyTextPort,
    help: "TCP port of the voice; 0: answers go back by the connection that texts came by",
  },
  "voice-signal-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: voiceSignalPort,
    help: "UDP port of the voice; 0: it is not told to be quiet",
  },
  port: {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: transcriptPort,
    help: "TCP port for transcripts, and UDP port for signals",
  },
  bind: { kind: "string", value: "ADDRESS", default: "127.0.0.1", help: "address to listen on" },
  json: { kind: "boolean", help: "print each text as a JSON object on a line of its own" },
  ...commonOptions,
} as const satisfies OptionTable;

export type LlamaValues = OptionValues<typeof llamaOptions>;

const maxStopTexts = 4;

const usualApologies: Readonly<Record<"en" | "de", string>> = {
  en: "I am sorry, I cannot answer that just now. Please try again in a moment.",
  de: "Entschuldigung, das kann ich gerade nicht beantworten. Bitte versuchen Sie es gleich noch einmal.",
};

/** Reads the files that are named; throws a WildfireError that names the option. */
export async function readCallSettings(values: LlamaValues, clock: Clock): Promise<CallSettings> {
  const { language, greeting, transfer } = values;
  const tools = values.tools === undefined ? [] : await loadToolFile(values.tools, clock);
  const destinations = parseDestinations(transfer);
  return {
    prompt: new PromptTemplate((await systemPrompt(values)) ?? usualPrompt(language)),
    greeting: greeting.trim(),
    apology: (values.apology ?? usualApologies[spokenLanguage(language)]).trim(),
    language,
    historyTokens: values["history-tokens"],
    maxTurnChars: values["max-answer"],
    // Names that cannot be are told here, not in the first call.
    toolStyle: toolStyleOf(values, new ToolBox(tools).declarations.length),
    tools,
    destinations,
    anyNumber: values["transfer-any"],
  };
}

/** Throws a WildfireError("usage") for more than the convention has. */
export function stopTexts({ stop }: Pick<LlamaValues, "stop">): readonly string[] {
  if (stop.length <= maxStopTexts) return stop;
  throw new WildfireError("usage", `--stop is given ${stop.length} times`, {
    hint: `${maxStopTexts} texts are the most`,
  });
}

function toolStyleOf(values: LlamaValues, toolCount: number): CallSettings["toolStyle"] {
  const style = values["tool-style"];
  if (style === "protocol" || style === "text") return style;
  const hasTools = toolCount > 0 || values.transfer.length > 0 || values["transfer-any"];
  return style === "auto" && hasTools ? "protocol" : undefined;
}

/** Undefined where nobody wrote one. */
async function systemPrompt({ prompt = "", system }: LlamaValues): Promise<string | undefined> {
  const text = prompt.trim() === "" ? undefined : prompt;
  if (system === undefined) return text;
  if (text === undefined) return await readPrompt(system);
  throw new WildfireError("usage", `--prompt and --system ${quote(system, 100)} are both given`, {
    hint: "take out system to use the text of prompt, or prompt to use the file",
  });
}

async function readPrompt(path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    const message = `--system ${quote(path, 100)} cannot be read: ${describeError(error)}`;
    throw new WildfireError("usage", message, { cause: error, hint: "check name and rights" });
  }
}

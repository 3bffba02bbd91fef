/** The schema of the whole configuration file: the option tables of all services, and the common sections. */
import { parseLine } from "../call/sip/registration/sip-line.ts";
import { type ConfigSchema, createSchema, type ValueCheck } from "../config/config-schema.ts";
import type { OptionTable } from "../config/options.ts";
import {
  historyOptions,
  logsOptions,
  memoryOptions,
  servicesOptions,
} from "../config/shared-sections.ts";
import { describeError } from "../core/errors.ts";
import { PromptTemplate } from "../llama-bridge/conversation/prompt-template.ts";
import { audiosocketService } from "./audiosocket.ts";
import { inboundService } from "./inbound.ts";
import { kokoroOptions } from "./kokoro-options.ts";
import { llamaOptions, stopTexts } from "./llama-options.ts";
import { outboundService } from "./outbound.ts";
import { runnableNames } from "./service-names.ts";
import { readCodecs, readPortRange, sipOptions } from "./sip-options.ts";
import { parseDestinations } from "./transfer-destinations.ts";
import { webhookOptions, webhookUrlProblem } from "./web-options.ts";
import { whisperService } from "./whisper.ts";

/** `web` is the option table of the web service. */
export function wholeSchema(web: OptionTable): ConfigSchema {
  return createSchema([
    {
      name: "services",
      summary: "What `wildfire up` runs.",
      options: servicesOptions(runnableNames),
      tables: { "memory-mb": memoryOptions(runnableNames) },
      isService: false,
      shown: ["run"],
    },
    ...callServices(),
    ...answerServices(),
    {
      name: "web",
      summary: "The web page.",
      options: web,
      shown: ["bind", "port", "tls", "tls-cert", "tls-key"],
    },
    {
      name: "webhooks",
      summary: "Calls and failures, told to other programs by HTTP.",
      options: webhookOptions,
      isService: false,
      shown: ["url"],
      checks: { url: eachText(webhookUrlProblem) },
    },
    {
      name: "logs",
      summary: "Log files of all services.",
      options: logsOptions,
      isService: false,
      shown: ["max-mb", "keep"],
    },
    {
      name: "history",
      summary: "The calls of the past.",
      options: historyOptions,
      isService: false,
      shown: ["keep-days", "audio"],
    },
    { name: "inbound", summary: inboundService.summary, options: inboundService.options },
    { name: "outbound", summary: outboundService.summary, options: outboundService.options },
  ]);
}

function callServices() {
  return [
    {
      name: "sip",
      summary: "Lines of the PBX.",
      options: sipOptions,
      shown: ["line", "advertise", "rtp-ports", "max-calls"],
      checks: {
        line: eachText(lineProblem),
        codecs: eachText((text) => problemOf(() => readCodecs(text))),
        "rtp-ports": eachText((text) => problemOf(() => readPortRange(text))),
      },
    },
    {
      name: "audiosocket",
      summary: "Calls from Asterisk without SIP.",
      options: audiosocketService.options,
    },
    {
      name: "whisper",
      summary: "The ears: sound becomes text.",
      options: whisperService.options,
      shown: ["model", "language"],
    },
  ];
}

function answerServices() {
  return [
    {
      name: "llama",
      summary: "The brain: what is answered.",
      options: llamaOptions,
      shown: ["backend", "url", "model", "prompt", "greeting", "language"],
      checks: {
        transfer: allTexts(parseDestinations),
        stop: allTexts((stop) => stopTexts({ stop })),
        prompt: eachText((text) => problemOf(() => new PromptTemplate(text))),
      },
      exclusive: [["prompt", "system"]] as const,
    },
    {
      name: "kokoro",
      summary: "The voice: text becomes sound.",
      options: kokoroOptions,
      shown: ["engine", "url", "voice", "speed"],
    },
  ];
}

function lineProblem(text: string): string | undefined {
  const parsed = parseLine(text);
  return parsed.ok ? undefined : parsed.problem;
}

/** Of the texts of a list, what keeps a service from reading them together. */
function allTexts(read: (texts: readonly string[]) => unknown): ValueCheck {
  return (value) => problemOf(() => read(Array.isArray(value) ? value.map(String) : []));
}

/** The first problem of a text, or of the texts of a list. */
function eachText(check: (text: string) => string | undefined): ValueCheck {
  return (value) => {
    for (const text of [value].flat()) {
      const problem = typeof text === "string" ? check(text) : undefined;
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** The readers of the services speak of options as the command line has them. */
function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return describeError(error).replace(/^--[a-z-]+:? /, "");
  }
}

/** A schema of a few sections, with each kind of option in it. */
import { createSchema } from "../../src/config/config-schema.ts";
import {
  historyOptions,
  logsOptions,
  memoryOptions,
  servicesOptions,
} from "../../src/config/shared-sections.ts";

export const smallSchema = createSchema([
  {
    name: "services",
    summary: "What runs.",
    options: servicesOptions(["whisper", "llama", "sip", "web"]),
    tables: { "memory-mb": memoryOptions(["whisper", "llama"]) },
    isService: false,
    shown: ["run"],
  },
  {
    name: "sip",
    summary: "Lines.",
    options: {
      line: { kind: "list", value: "USER@HOST", help: "an extension" },
      "sip-port": { kind: "integer", value: "PORT", min: 0, max: 65_535, default: 0, help: "port" },
      config: { kind: "string", value: "FILE", help: "configuration file" },
    },
    shown: ["line"],
    checks: {
      line: (value) => (String(value).includes(":") ? "a line holds no password" : undefined),
    },
  },
  {
    name: "llama",
    summary: "The brain.",
    options: {
      backend: {
        kind: "string",
        value: "NAME",
        choices: ["echo", "openai"],
        default: "echo",
        help: "what answers",
      },
      url: { kind: "string", value: "URL", help: "address of the chat server" },
      greeting: { kind: "string", value: "TEXT", default: "", help: "what callers hear first" },
      temperature: { kind: "number", value: "T", min: 0, max: 2, help: "how freely" },
      port: {
        kind: "integer",
        value: "PORT",
        min: 0,
        max: 65_535,
        default: 8083,
        help: "TCP port",
      },
      verbose: { kind: "boolean", help: "log more" },
    },
    shown: ["backend", "url", "verbose"],
  },
  { name: "logs", summary: "Logs.", options: logsOptions, isService: false },
  { name: "history", summary: "Calls.", options: historyOptions, isService: false },
]);

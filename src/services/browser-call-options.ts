/** Options of the web service for calls from the page Talk. */
import type { OptionTable } from "../config/options.ts";
import { registrationPort } from "../wire/ports.ts";

export const browserCallOptions = {
  "max-browser-calls": {
    kind: "integer",
    value: "N",
    min: 0,
    max: 100,
    default: 2,
    help: "calls from the page Talk at the same time; 0: none",
  },
  "browser-call-minutes": {
    kind: "integer",
    value: "MINUTES",
    min: 1,
    max: 1440,
    default: 10,
    help: "a call from the page Talk ends after this time",
  },
  "call-bind": {
    kind: "string",
    value: "ADDRESS",
    default: "127.0.0.1",
    help: "address on which whisper and the voice find the calls of browsers",
  },
  "whisper-host": {
    kind: "string",
    value: "HOST",
    default: "127.0.0.1",
    help: "where whisper listens, for calls of browsers",
  },
  "whisper-port": {
    kind: "integer",
    value: "PORT",
    min: 1,
    max: 65_535,
    default: registrationPort,
    help: "UDP port for registrations of these calls",
  },
} as const satisfies OptionTable;

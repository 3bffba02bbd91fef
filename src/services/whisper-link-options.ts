/** How a service with callers finds whisper, and is found by it and by the voice. */
import type { OptionTable } from "../config/options.ts";
import { registrationPort } from "../wire/ports.ts";

export const whisperLinkOptions = {
  bind: {
    kind: "string",
    value: "ADDRESS",
    default: "127.0.0.1",
    help: "address on which whisper finds the audio, and the voice announces its own",
  },
  "whisper-host": {
    kind: "string",
    value: "HOST",
    default: "127.0.0.1",
    help: "where whisper listens",
  },
  "whisper-port": {
    kind: "integer",
    value: "PORT",
    min: 1,
    max: 65_535,
    default: registrationPort,
    help: "UDP port for registrations",
  },
} as const satisfies OptionTable;

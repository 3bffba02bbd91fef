/** The options of `--service sip`, and what they mean. */
import type { OptionTable, OptionValues } from "../config/options.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { audioCodecs } from "../call/sdp/media-formats.ts";
import type { AudioCodec } from "../call/sdp/negotiated-media.ts";
import { parsePortRange, type PortRange } from "../call/rtp/port-pool.ts";
import { passwordFor } from "../call/sip/registration/line-password.ts";
import { parseLine } from "../call/sip/registration/sip-line.ts";
import { lineEchoOptions } from "./line-echo.ts";
import { commonOptions } from "./service.ts";
import type { LineAccount } from "./telephone.ts";
import { whisperLinkOptions } from "./whisper-link-options.ts";

const srtpRules = ["off", "accepted", "required"] as const;

export const sipOptions = {
  line: {
    kind: "list",
    value: "USER@HOST",
    help: "an extension: USER@HOST[:PORT][;transport=udp|tcp|tls]; repeat it for more",
  },
  "password-file": {
    kind: "string",
    value: "FILE",
    help: "the password, or USER=password on a line each; else WILDFIRE_LINE_PASSWORD",
  },
  "sip-bind": { kind: "string", value: "ADDRESS", help: "local address for SIP and RTP (all)" },
  "sip-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: 0,
    help: "local UDP and TCP port for SIP; 0: any free one",
  },
  advertise: {
    kind: "string",
    value: "ADDRESS",
    help: "public address to tell the PBX, for a host behind NAT",
  },
  "rtp-ports": {
    kind: "string",
    value: "FROM-TO",
    default: "16384-17383",
    help: "UDP ports for sound, two for each call",
  },
  "max-calls": {
    kind: "integer",
    value: "N",
    min: 1,
    max: 499,
    default: 100,
    help: "calls at the same time; more hear busy",
  },
  codecs: {
    kind: "string",
    value: "LIST",
    default: "G722,PCMU,PCMA",
    help: "codecs in order of preference",
  },
  srtp: {
    kind: "string",
    value: "RULE",
    choices: srtpRules,
    default: "accepted",
    help: "encrypted sound: never, where the PBX asks for it, or always",
  },
  "strict-rtp": {
    kind: "boolean",
    help: "take sound only from the address that the PBX names; not for a PBX behind NAT",
  },
  "dead-peer": {
    kind: "integer",
    value: "S",
    min: 0,
    max: 3600,
    default: 60,
    help: "end a call after so many seconds without RTP and RTCP; 0: never",
  },
  "tls-ca": {
    kind: "string",
    value: "FILE",
    help: "certificates (PEM) to trust in place of the system's",
  },
  "tls-insecure": {
    kind: "boolean",
    help: "accept any certificate of the PBX: then nobody knows who listens",
  },
  greeting: { kind: "string", value: "FILE", help: "WAV file that each caller hears first" },
  json: { kind: "boolean", help: "print each event as a JSON object on a line of its own" },
  ...lineEchoOptions,
  ...whisperLinkOptions,
  ...commonOptions,
} as const satisfies OptionTable;

export type SipValues = OptionValues<typeof sipOptions>;

/** Throws a WildfireError("usage") that quotes what is wrong of a line, and never a password. */
export async function readAccounts(
  values: SipValues,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly LineAccount[]> {
  if (values.line.length === 0) {
    throw new WildfireError("usage", "--line is missing", {
      hint: "give the extension, such as --line 100@192.168.1.10",
    });
  }
  const path = values["password-file"];
  const fileText = path === undefined ? undefined : await readText(path, "--password-file");
  return values.line.map((text, index) => {
    const parsed = parseLine(text);
    if (!parsed.ok) {
      // The line as a whole may hold a password, so it is named by its place.
      const which = values.line.length === 1 ? "--line" : `--line number ${index + 1}`;
      throw new WildfireError("usage", `${which}: ${parsed.problem}`);
    }
    const found = passwordFor(parsed.line, env, fileText);
    if (!found.ok) throw new WildfireError("usage", found.problem);
    return { line: parsed.line, password: found.password };
  });
}

/** Throws a WildfireError("usage"). */
export function readCodecs(text: string): readonly AudioCodec[] {
  const names = text.split(",").map((name) => name.trim().toUpperCase());
  const codecs = names.map((name) => {
    const codec = audioCodecs.find((known) => known === name);
    if (codec !== undefined) return codec;
    throw new WildfireError("usage", `--codecs: ${quote(name)} is no codec`, {
      hint: `choose from ${audioCodecs.join(", ")}`,
    });
  });
  return [...new Set(codecs)];
}

/** One of the option's choices. */
export function readSrtpRule(text: string): (typeof srtpRules)[number] {
  return srtpRules.find((rule) => rule === text) ?? "accepted";
}

/** Throws a WildfireError("usage"). */
export function readPortRange(text: string): PortRange {
  const range = parsePortRange(text);
  if (range !== undefined) return range;
  throw new WildfireError("usage", `--rtp-ports ${quote(text)} is no range of ports`, {
    hint: "write it like 16384-17383",
  });
}

/** Throws a WildfireError("usage") that names the option. */
export async function readText(path: string, option: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    throw new WildfireError("usage", `${option} ${quote(path, 200)}: ${describeError(error)}`, {
      cause: error,
      hint: "check the name and who may read it",
    });
  }
}

/** The command line of `wildfire wer`. */
import {
  formatOptions,
  type OptionTable,
  type OptionValues,
  readOptions,
} from "../config/options.ts";
import { quote, WildfireError } from "../core/errors.ts";
import {
  type Condition,
  type ContextChoice,
  listConditions,
  soundNames,
} from "../evaluation/conditions.ts";
import { hearingOptions } from "../services/hearing-options.ts";
import { takeOperands } from "./operands.ts";

const options = {
  model: hearingOptions.model,
  language: hearingOptions.language,
  conditions: {
    kind: "string",
    value: "LIST",
    default: soundNames.join(","),
    help: "which to evaluate",
  },
  context: {
    kind: "string",
    value: "CONTEXT",
    choices: ["both", "trimmed", "full"],
    default: "both",
    help: "trimmed to the utterance as the service does, full, or both",
  },
  "min-context": hearingOptions["min-context"],
  snr: {
    kind: "string",
    value: "LIST",
    default: "15,5",
    help: "speech over white noise in dB, for the condition noise",
  },
  loss: {
    kind: "string",
    value: "LIST",
    default: "5",
    help: "percent of 20 ms packets lost, for the condition loss",
  },
  seed: {
    kind: "integer",
    value: "N",
    min: 0,
    max: 0xffff_ffff,
    default: 1,
    help: "another number makes other noise and loses other packets",
  },
  prompt: hearingOptions.prompt,
  threads: hearingOptions.threads,
  lanes: hearingOptions.lanes,
  "no-gpu": hearingOptions["no-gpu"],
  "show-errors": { kind: "boolean", help: "list each wrong utterance: what was said and heard" },
  json: { kind: "boolean", help: "one JSON object instead of the table; wer is a fraction" },
  "state-dir": { kind: "string", value: "DIR", help: "folder for the unpacked library" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

export type WerValues = OptionValues<typeof options>;

/** For `--help`. */
export const werHelp = `Word error rate of a model over a folder of recordings whose texts are known.

Usage: wildfire wer DIR [options]
Example: wildfire wer recordings --model /models/ggml-base.en.bin --conditions clean,mu-law

DIR holds WAV files and transcripts.tsv, one line for each: the file, a tab, any further columns,
and last the text. Lines end in LF or CRLF, blank ones do not count, a header line may come first.
Each file is decoded as one utterance, the way the service decodes: the context trimmed to it, and
once more with the full context when the text is doubtful. Two runs give the same.

Conditions: clean (the files as they are), mu-law and a-law (G.711 at 8 kHz), noise and loss (white
noise, lost packets; both through mu-law).

Reference and text heard are normalised before they are compared, for English as by Whisper's own
English normaliser: lower case, no punctuation, brackets or hesitations, contractions written out,
numbers in digits, American spelling. For other languages and for auto as by its basic one: lower
case, no punctuation; Chinese, Japanese, Thai, Lao and Burmese count characters as words.

${formatOptions(options)}
`;

export interface WerArguments {
  readonly folder: string;
  readonly values: WerValues;
}

/** Throws a WildfireError("usage") for anything but one folder and known options. */
export function readWerArguments(argv: readonly string[]): WerArguments {
  const { operands, rest } = takeOperands(options, argv);
  // First, for the value of a mistyped option looks like a second folder.
  const values = readOptions(options, {
    argv: rest,
    env: process.env,
    command: "wer",
  });
  const [folder] = operands;
  if (folder !== undefined && operands.length === 1) return { folder, values };
  const what = folder === undefined ? "no folder is named" : "more than one folder is named";
  throw new WildfireError("usage", what, { hint: "say wildfire wer DIR, or see --help" });
}

const contextChoices: Readonly<Record<string, readonly ContextChoice[]>> = {
  both: ["trimmed", "full"],
  trimmed: ["trimmed"],
  full: ["full"],
};

/** At least one. */
export function chooseConditions(values: WerValues): Condition[] {
  const conditions = listConditions({
    sounds: splitList(values.conditions),
    snrsDb: numbersIn("--snr", values.snr, { min: -20, max: 60 }),
    lossPercents: numbersIn("--loss", values.loss, { min: 0, max: 100 }),
    contexts: contextChoices[values.context] ?? [],
  });
  if (conditions.length > 0) return conditions;
  throw new WildfireError("usage", "there is no condition to evaluate", {
    hint: "check --conditions, --snr and --loss",
  });
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function numbersIn(
  name: string,
  text: string,
  limits: { readonly min: number; readonly max: number },
): number[] {
  const numbers = splitList(text).map((item) => {
    const number = Number(item);
    if (number >= limits.min && number <= limits.max) return number;
    const expected = `a number from ${limits.min} to ${limits.max}`;
    throw new WildfireError("usage", `${name}: ${quote(item)} is not ${expected}`);
  });
  return [...new Set(numbers)];
}

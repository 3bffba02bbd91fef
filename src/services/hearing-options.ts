/** What decides how sound becomes text: the same options and defaults for calls and for recordings. */
import { availableParallelism } from "node:os";
import type { OptionTable, OptionValues } from "../config/options.ts";
import { withFloor } from "../whisper/audio-context.ts";
import type { EarSettings } from "../whisper/hearing.ts";
import type { LoadedModel, LoadOptions } from "./recognition.ts";
import type { ServiceContext } from "./service.ts";

export const hearingOptions = {
  model: {
    kind: "string",
    short: "m",
    value: "FILE",
    help: "ggml whisper model; without it the embedded demo model",
  },
  threads: {
    kind: "integer",
    short: "t",
    value: "N",
    min: 1,
    max: 64,
    default: 1,
    help: "threads per lane",
  },
  lanes: {
    kind: "integer",
    value: "N",
    min: 1,
    max: 64,
    help: "utterances decoded at the same time; without it as many as the cores carry",
  },
  language: {
    kind: "string",
    short: "l",
    value: "LANG",
    default: "en",
    help: "spoken language, or auto",
  },
  translate: { kind: "boolean", help: "translate to English" },
  "no-timestamps": { kind: "boolean", help: "decode without time stamps" },
  "no-gpu": { kind: "boolean", help: "do not use a graphics processor" },
  "end-silence": {
    kind: "integer",
    value: "MS",
    min: 100,
    max: 5000,
    default: 500,
    help: "silence that ends an utterance",
  },
  "max-utterance": {
    kind: "integer",
    value: "MS",
    min: 2000,
    max: 29_000,
    help: "longer ones are split; without it as long as the model hears well",
  },
  "min-speech": {
    kind: "integer",
    value: "MS",
    min: 30,
    max: 500,
    default: 96,
    help: "less speech than this, in all, is a click",
  },
  prompt: {
    kind: "string",
    value: "TEXT",
    default: "",
    help: "names and words to expect, at most 64 tokens; left out after 10 s of silence or an unsure text",
  },
  "min-context": {
    kind: "integer",
    value: "N",
    min: 0,
    max: 1500,
    help: "least encoder positions (50 a second) for short utterances; 1500 always hears with the full context",
  },
  nice: {
    kind: "integer",
    value: "N",
    min: 0,
    max: 19,
    default: 5,
    help: "how much decoding gives way to other programs when cores are short",
  },
} as const satisfies OptionTable;

export type HearingValues = OptionValues<typeof hearingOptions>;

export function loadOptions(values: HearingValues, context: ServiceContext): LoadOptions {
  return {
    modelPath: values.model,
    language: values.language,
    lanes: values.lanes ?? lanesFor(values.threads),
    threadsPerLane: values.threads,
    useGpu: !values["no-gpu"],
    niceness: values.nice,
    context,
  };
}

export function earSettings(
  values: HearingValues,
  model: Pick<LoadedModel, "audioContext" | "maxUtteranceMs">,
): Omit<EarSettings, "partials"> {
  return {
    decode: {
      language: values.language,
      translate: values.translate,
      timestamps: !values["no-timestamps"],
      prompt: values.prompt,
      audioContext: withFloor(model.audioContext, values["min-context"]),
    },
    endSilenceMs: values["end-silence"],
    maxUtteranceMs: values["max-utterance"] ?? model.maxUtteranceMs,
    minSpeechMs: values["min-speech"],
  };
}

/** One lane per core, or as many as there are cores for lanes of several threads. */
function lanesFor(threadsPerLane: number): number {
  return Math.max(1, Math.floor(availableParallelism() / threadsPerLane));
}

/** `wildfire transcribe`: recordings through the very path that a call's sound takes. */
import { basename } from "node:path";
import {
  formatOptions,
  type OptionTable,
  type OptionValues,
  readOptions,
} from "../config/options.ts";
import { systemClock } from "../core/clock.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { createLogger, formatText, type Logger } from "../core/log.ts";
import { readRecording } from "../evaluation/recording.ts";
import { hearRecording } from "../services/file-hearing.ts";
import { describeFinal, type FinalRecord } from "../services/final-record.ts";
import { earSettings, hearingOptions, loadOptions } from "../services/hearing-options.ts";
import { type LoadedModel, loadRecogniser } from "../services/recognition.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import type { EarSettings } from "../whisper/hearing.ts";
import { toMs } from "../whisper/recogniser.ts";
import type { FinalTranscript } from "../whisper/utterance-line.ts";
import { CommandOutput } from "./command-output.ts";
import { HearingProgress } from "./hearing-progress.ts";
import { takeOperands } from "./operands.ts";
import { formatSpan } from "./time-span.ts";

const options = {
  whole: { kind: "boolean", help: "each file is one utterance: a recording made with --record" },
  json: { kind: "boolean", help: "a JSON object for each file, with words, times and confidences" },
  ...hearingOptions,
  "state-dir": { kind: "string", value: "DIR", help: "folder for the unpacked library" },
  verbose: { kind: "boolean", short: "v", help: "log each step" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

type TranscribeValues = OptionValues<typeof options>;

const help = `Hears WAV files as the whisper service hears calls, and prints a line for each utterance.

Usage: wildfire transcribe [options] FILE…
Example: wildfire transcribe --model /models/ggml-base.en.bin voicemail.wav

${formatOptions(options)}

Exit code 1 when a file could not be read or an utterance could not be decoded; the others are done.
`;

/** Resolves to the exit code. */
export async function transcribe(argv: readonly string[]): Promise<number> {
  const { operands: files, rest } = takeOperands(options, argv);
  const values = readOptions(options, {
    argv: rest,
    env: process.env,
    command: "transcribe",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (files.length === 0) {
    throw new WildfireError("usage", "no file is named", {
      hint: "say wildfire transcribe FILE…, or see --help",
    });
  }
  const log = createCommandLog(values);
  const stateFolder = values["state-dir"] ?? currentStateFolder();
  const output = new CommandOutput(process.stdout);
  const context = {
    clock: systemClock,
    log,
    stateFolder,
    print: (line: string) => output.write(line),
  };
  const model = await loadRecogniser(loadOptions(values, context));
  const settings = { ...earSettings(values, model), partials: false };
  const run = new TranscribeRun({ values, files, log, output, model, settings });
  try {
    return await Promise.race([run.all(), output.gone.then(() => 0)]);
  } finally {
    run.stop();
    await model.recogniser.close();
    await model.voice.close();
  }
}

function createCommandLog(values: TranscribeValues): Logger {
  return createLogger({
    level: values.verbose ? "debug" : "info",
    clock: systemClock,
    sink: (record) => process.stderr.write(`${formatText(record, { showPrivate: false })}\n`),
  });
}

interface RunOptions {
  readonly values: TranscribeValues;
  readonly files: readonly string[];
  readonly log: Logger;
  readonly output: CommandOutput;
  readonly model: LoadedModel;
  readonly settings: EarSettings;
}

class TranscribeRun {
  readonly #options: RunOptions;
  #hasFailed = false;
  #isStopped = false;

  constructor(run: RunOptions) {
    this.#options = run;
  }

  /** Resolves to the exit code. */
  async all(): Promise<number> {
    for (const file of this.#options.files) {
      if (this.#isStopped) break;
      try {
        await this.#one(file);
      } catch (error) {
        this.#complain(describeError(error));
      }
    }
    await this.#options.output.flushed();
    return this.#hasFailed ? 1 : 0;
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.#isStopped = true;
  }

  async #one(file: string): Promise<void> {
    const { model, settings, values, log, output } = this.#options;
    const samples = await readRecording({ path: file, name: file });
    const progress = new HearingProgress({
      file: basename(file),
      totalMs: toMs(samples.length),
      clock: systemClock,
      stream: process.stderr,
    });
    const utterances: FinalRecord[] = [];
    await hearRecording(samples, {
      recogniser: model.recogniser,
      voice: model.voice,
      settings,
      clock: systemClock,
      whole: values.whole,
      onFinal: (final) => {
        progress.clear();
        utterances.push(this.#tell(file, final));
      },
      onProgress: (heard) => progress.update(toMs(heard)),
      onDetectorFailed: (error) =>
        log.error("the speech detector broke; from now on loudness decides", {
          reason: describeError(error),
        }),
    });
    progress.clear();
    if (values.json) output.write(`${JSON.stringify(describeFile(file, samples, utterances))}\n`);
    else if (utterances.length === 0) process.stderr.write(`${quote(file, 200)}: nobody speaks\n`);
    await output.flushed();
  }

  #tell(file: string, final: FinalTranscript): FinalRecord {
    const { values, files, output } = this.#options;
    const record = describeFinal(final, toMs(final.utterance.startSample));
    const { startMs, endMs, text, error } = record;
    const span = formatSpan(startMs, endMs);
    if (error !== undefined) this.#complain(`${quote(file, 200)}, ${span}: ${error}`);
    const name = files.length > 1 ? `${file}  ` : "";
    if (!values.json && text !== "") output.write(`${name}${span}  ${text}\n`);
    return record;
  }

  #complain(line: string): void {
    if (this.#isStopped) return;
    this.#hasFailed = true;
    process.stderr.write(`wildfire: ${line}\n`);
  }
}

function describeFile(
  file: string,
  samples: Float32Array,
  utterances: readonly FinalRecord[],
): Readonly<Record<string, unknown>> {
  return { file, seconds: toMs(samples.length) / 1000, utterances };
}

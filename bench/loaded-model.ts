/** Recognition inside the bench itself, brought up and set as the whisper service does it. */
import { readOptions } from "../src/config/options.ts";
import { systemClock } from "../src/core/clock.ts";
import { createLogger } from "../src/core/log.ts";
import { audioContextFor } from "../src/whisper/audio-context.ts";
import { earSettings, hearingOptions, loadOptions } from "../src/services/hearing-options.ts";
import { type LoadedModel, loadRecogniser } from "../src/services/recognition.ts";
import type { DecodeSettings } from "../src/whisper/transcription.ts";
import { type ModelName, modelPath } from "./materials.ts";

export interface LoadModelOptions {
  readonly model: ModelName;
  /** Undefined for as many as the service would have. */
  readonly lanes: number | undefined;
  /** Where the library is unpacked. */
  readonly stateFolder: string;
}

export interface ModelUnderTest extends Pick<LoadedModel, "recogniser" | "voice"> {
  /** What the service decodes with when no option says otherwise. */
  readonly settings: DecodeSettings;
  /** How it hears when no option says otherwise. */
  readonly earSettings: ReturnType<typeof earSettings>;
  /** Encoder positions that the service computes for an utterance of this length. */
  audioContext(audioMs: number): number;
  close(): Promise<void>;
}

export async function loadModel(options: LoadModelOptions): Promise<ModelUnderTest> {
  const { model, lanes, stateFolder } = options;
  const values = readOptions(hearingOptions, {
    argv: [
      "--nice=0",
      ...(lanes === undefined ? [] : [`--lanes=${lanes}`]),
      ...(model === "demo" ? [] : [`--model=${await modelPath(model)}`]),
    ],
    env: {},
    command: "whisper",
  });
  const clock = systemClock;
  const log = createLogger({ level: "error", clock, sink: () => undefined });
  const context = { clock, log, stateFolder, print: () => undefined };
  const loaded = await loadRecogniser(loadOptions(values, context));
  const { recogniser, voice } = loaded;
  const ears = earSettings(values, loaded);
  const settings = ears.decode;
  return {
    recogniser,
    voice,
    settings,
    earSettings: ears,
    audioContext: (audioMs) =>
      audioContextFor(audioMs, recogniser.modelAudioContext, settings.audioContext),
    async close() {
      await recogniser.close();
      await voice.close();
    },
  };
}

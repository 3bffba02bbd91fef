/** The ears of calls as the whisper service makes them: its defaults, its library, the demo model. */
import { join } from "node:path";
import { readOptions } from "../src/config/options.ts";
import { systemClock } from "../src/core/clock.ts";
import { createLogger } from "../src/core/log.ts";
import { earSettings, hearingOptions, loadOptions } from "../src/services/hearing-options.ts";
import { loadRecogniser } from "../src/services/recognition.ts";
import type { EarSettings } from "../src/whisper/hearing.ts";
import { LaneScheduler } from "../src/whisper/lane-scheduler.ts";
import type { Recogniser } from "../src/whisper/recogniser.ts";
import type { VoiceActivity } from "../src/whisper/voice-activity.ts";

export interface Ears {
  readonly recogniser: Recogniser;
  readonly voice: VoiceActivity;
  readonly settings: EarSettings;
  close(): Promise<void>;
}

/** The library is unpacked into `temporaryFolder`. */
export async function openEars(temporaryFolder: string): Promise<Ears> {
  const values = readOptions(hearingOptions, {
    argv: [],
    env: {},
    file: {},
    fileName: "",
    command: "whisper",
  });
  const clock = systemClock;
  const log = createLogger({ level: "error", clock, sink: () => undefined });
  const stateFolder = join(temporaryFolder, "state");
  const context = { clock, log, stateFolder, print: () => undefined };
  const model = await loadRecogniser(loadOptions(values, context));
  const { voice } = model;
  const recogniser = new LaneScheduler({
    recogniser: model.recogniser,
    clock,
    onOverload: () => undefined,
  });
  return {
    recogniser,
    voice,
    settings: { ...earSettings(values, model), partials: true },
    async close() {
      await recogniser.close();
      await voice.close();
    },
  };
}

/** Understands nothing, at once: where only the utterances count. */
export const deafRecogniser: Recogniser = {
  modelAudioContext: 1500,
  idleLanes: 0,
  submit: () => ({
    result: Promise.resolve({
      segments: [],
      noSpeechProbability: undefined,
      language: "en",
      queuedMs: 0,
      decodeMs: 0,
    }),
    raise: () => undefined,
    abort: () => undefined,
  }),
  status: () => ({
    lanes: 0,
    queued: 0,
    running: 0,
    completed: 0,
    aborted: 0,
    failed: 0,
    busyMs: 0,
  }),
  close: () => Promise.resolve(),
};

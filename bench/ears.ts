/** The ears of calls as the whisper service makes them: its defaults, its library, the demo model. */
import { join } from "node:path";
import { systemClock } from "../src/core/clock.ts";
import type { EarSettings } from "../src/whisper/hearing.ts";
import { LaneScheduler } from "../src/whisper/lane-scheduler.ts";
import type { Recogniser } from "../src/whisper/recogniser.ts";
import type { VoiceActivity } from "../src/whisper/voice-activity.ts";
import { loadModel } from "./loaded-model.ts";

export interface Ears {
  readonly recogniser: Recogniser;
  readonly voice: VoiceActivity;
  readonly settings: EarSettings;
  close(): Promise<void>;
}

/** The library is unpacked into `temporaryFolder`. */
export async function openEars(temporaryFolder: string): Promise<Ears> {
  const stateFolder = join(temporaryFolder, "state");
  const model = await loadModel({ model: "demo", lanes: undefined, stateFolder });
  const recogniser = new LaneScheduler({
    recogniser: model.recogniser,
    clock: systemClock,
    onOverload: () => undefined,
  });
  return {
    recogniser,
    voice: model.voice,
    settings: { ...model.earSettings, partials: true },
    close: () => model.close(),
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

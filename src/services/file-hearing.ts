/** Lets a recording be heard as a call would be, only faster. */
import type { Clock } from "../core/clock.ts";
import { type EarSettings, Hearing } from "../whisper/hearing.ts";
import type { Recogniser } from "../whisper/recogniser.ts";
import type { FinalTranscript } from "../whisper/utterance-line.ts";
import {
  type VoiceActivity,
  type VoiceActivityStatus,
  type VoiceListener,
  type VoiceStream,
  voiceWindowSamples,
} from "../whisper/voice-activity.ts";

export interface FileHearingOptions {
  readonly recogniser: Recogniser;
  readonly voice: VoiceActivity;
  readonly settings: EarSettings;
  readonly clock: Clock;
  /** The whole recording is one utterance, as from a sender that cuts at pauses itself. */
  readonly whole: boolean;
  readonly onFinal: (final: FinalTranscript) => void;
  /** How far the recording has been heard. */
  readonly onProgress: (samples: number) => void;
  readonly onDetectorFailed: (error: Error) => void;
}

/** What a caller's packets hold. */
const blockSamples = 320;
/** After so much sound everybody else gets a turn: silence is heard without waiting for anything. */
const turnSamples = 5 * 16_000;
const waitMs = 2;

/** Resolves when all of it has been delivered; `samples` are 16 kHz mono. */
export async function hearRecording(
  samples: Float32Array,
  options: FileHearingOptions,
): Promise<void> {
  const { recogniser, settings, clock, onFinal, onDetectorFailed } = options;
  const voice = new CountingVoice(options.voice);
  const hearing = new Hearing({
    recogniser,
    voice,
    settings,
    clock,
    after: Promise.resolve(),
    onFinal,
    onEvent: () => undefined,
    onDetectorFailed,
  });
  try {
    if (options.whole) hearing.hearUtterance(samples);
    else await play(samples, { hearing, voice, options });
    hearing.flush();
    await hearing.drained();
  } finally {
    hearing.close();
  }
}

interface Playing {
  readonly hearing: Hearing;
  readonly voice: CountingVoice;
  readonly options: FileHearingOptions;
}

async function play(samples: Float32Array, { hearing, voice, options }: Playing): Promise<void> {
  const { clock, onProgress, settings } = options;
  const { language, prompt } = settings.decode;
  // What an utterance teaches about the next one must be known by then, as it is in a call.
  const isOneByOne = language === "auto" || prompt !== "";
  const isBehind = (): boolean =>
    isOneByOne ? voice.outstanding > 0 || hearing.pending > 0 : hearing.isBehind;
  for (let start = 0; start < samples.length; start += blockSamples) {
    hearing.hear(samples.subarray(start, start + blockSamples));
    while (isBehind()) await wait(clock);
    if (start % turnSamples !== 0) continue;
    onProgress(start);
    await wait(clock);
  }
}

function wait(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(waitMs, resolve));
}

/** A detector of which one knows how much it has not judged yet. */
class CountingVoice implements VoiceActivity {
  readonly #voice: VoiceActivity;
  #outstanding = 0;

  constructor(voice: VoiceActivity) {
    this.#voice = voice;
  }

  /** Windows without a probability. */
  get outstanding(): number {
    return this.#outstanding;
  }

  open(listener: VoiceListener): VoiceStream {
    const stream = this.#voice.open({
      probabilities: (values) => {
        this.#outstanding -= values.length;
        listener.probabilities(values);
      },
      failed: (error) => {
        this.#outstanding = 0;
        listener.failed(error);
      },
    });
    return {
      push: (windows, forget) => {
        const isTaken = stream.push(windows, forget);
        if (isTaken) this.#outstanding += windows.length / voiceWindowSamples;
        return isTaken;
      },
      close: () => stream.close(),
    };
  }

  status(): VoiceActivityStatus {
    return this.#voice.status();
  }

  close(): Promise<void> {
    return this.#voice.close();
  }
}

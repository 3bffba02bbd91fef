/** The ears of a call with a scripted detector and recogniser, and sound to let them hear. */
import { joinSamples } from "../../src/audio/join-samples.ts";
import type { HearingEvent, TurnTiming } from "../../src/whisper/hearing-events.ts";
import type { CallerSignal } from "../../src/whisper/caller-activity-states.ts";
import { type EarSettings, Hearing } from "../../src/whisper/hearing.ts";
import type { FinalTranscript } from "../../src/whisper/utterance-line.ts";
import { tone } from "../audio/tones.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { ScriptedVoice } from "../fakes/scripted-voice.ts";
import { eventLoopTurn } from "./event-loop-turn.ts";

export const rateHz = 16_000;

export const rigSettings: EarSettings = {
  decode: {
    language: "en",
    translate: false,
    timestamps: true,
    prompt: "",
    audioContext: { floor: 256, margin: 25 },
  },
  endSilenceMs: 500,
  maxUtteranceMs: 9_000,
  minSpeechMs: 96,
  partials: false,
};

export interface RigOptions extends Partial<EarSettings> {
  readonly after?: Promise<void>;
  /** Shared by several calls, as in the service. */
  readonly recogniser?: ScriptedRecogniser;
  readonly voice?: ScriptedVoice;
  /** When given, somebody is told that the caller speaks. */
  readonly backChannelMs?: number;
}

export class HearingRig {
  readonly recogniser: ScriptedRecogniser;
  readonly voice: ScriptedVoice;
  readonly clock = new FakeClock();
  readonly finals: FinalTranscript[] = [];
  readonly events: HearingEvent[] = [];
  readonly failures: string[] = [];
  readonly turns: TurnTiming[] = [];
  /** What was told of the caller, and what was delivered in between. */
  readonly told: string[] = [];
  readonly hearing: Hearing;

  constructor(options: RigOptions = {}) {
    const { after = Promise.resolve(), recogniser, voice, backChannelMs, ...changed } = options;
    const tell = (signal: CallerSignal): void => void this.told.push(signal);
    this.recogniser = recogniser ?? new ScriptedRecogniser();
    this.voice = voice ?? new ScriptedVoice();
    this.hearing = new Hearing({
      recogniser: this.recogniser,
      voice: this.voice,
      settings: { ...rigSettings, ...changed },
      clock: this.clock,
      after,
      caller: backChannelMs === undefined ? undefined : { backChannelMs, tell },
      onFinal: (final, turn) => {
        this.finals.push(final);
        this.turns.push(turn);
        this.told.push(final.error ?? `"${final.text}"`);
      },
      onEvent: (event) => void this.events.push(event),
      onDetectorFailed: (error) => void this.failures.push(error.message),
    });
  }

  get texts(): string[] {
    return this.finals.map(({ text, error }) => error ?? text);
  }

  /** Jobs by what became of them: urgency, and `!` for aborted, `+` for raised. */
  get jobs(): string[] {
    return this.recogniser.jobs.map(
      ({ request, isAborted, isRaised }) =>
        `${request.urgency}${isRaised ? "+" : ""}${isAborted ? "!" : ""}`,
    );
  }

  /** Steady sound as it comes in a call, in blocks of 20 ms. */
  async hear(...sounds: readonly Float32Array[]): Promise<void> {
    const samples = joinSamples(sounds);
    for (let start = 0; start < samples.length; start += 320) {
      this.hearing.hear(samples.subarray(start, start + 320));
      this.clock.advance(20);
      await eventLoopTurn();
    }
  }

  /** The stream ends, and all that was heard is delivered. */
  async end(): Promise<void> {
    this.hearing.flush();
    await this.hearing.drained();
  }
}

export function silence(ms: number): Float32Array {
  return new Float32Array((ms * rateHz) / 1000);
}

/** Sound that rises and falls like syllables, so that it is not taken for noise. */
export function speech(ms: number, amplitude = 0.3): Float32Array {
  const samples = tone({ hz: 300, rateHz, samples: (ms * rateHz) / 1000, amplitude });
  return samples.map((sample, index) => (index % 4160 < 3200 ? sample : sample * 0.1));
}

/** Sample by sample, without the long report of a failed toEqual. */
export function isSameSound(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((sample, index) => sample === b[index]);
}

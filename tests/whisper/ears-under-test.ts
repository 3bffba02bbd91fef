/** Calls heard by the built library and the demo model, with the service's defaults. */
import { readOptions } from "../../src/config/options.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { earSettings, hearingOptions } from "../../src/services/hearing-options.ts";
import { Hearing } from "../../src/whisper/hearing.ts";
import { openVoiceActivity } from "../../src/whisper/native-voice-activity.ts";
import type { Recogniser } from "../../src/whisper/recogniser.ts";
import type { FinalTranscript } from "../../src/whisper/utterance-line.ts";
import type { VoiceActivity } from "../../src/whisper/voice-activity.ts";
import { libraryUnderTest, sileroModelUnderTest } from "./library-under-test.ts";
import { openDemo } from "./recogniser-under-test.ts";
import { demoModel } from "./speech-under-test.ts";

const noOptions = { argv: [], env: {}, command: "whisper" };
/** What the demo model hears well. */
const demoFacts = { audioContext: { floor: 256, margin: 25 }, maxUtteranceMs: 9000 };

const earSettingsUnderTest = {
  ...earSettings(readOptions(hearingOptions, noOptions), demoFacts),
  partials: false,
};

export interface EarsUnderTest {
  readonly recogniser: Recogniser;
  readonly voice: VoiceActivity;
  close(): Promise<void>;
}

export async function openEarsUnderTest(): Promise<EarsUnderTest> {
  const library = await libraryUnderTest();
  const model = { bytes: demoModel(), name: "demo" };
  const recogniser = await openDemo({ library, model });
  const voice = await openVoiceActivity({
    library,
    model: await sileroModelUnderTest(),
    clock: systemClock,
    logger: createLogger({ level: "error", clock: systemClock, sink: () => undefined }),
  });
  return {
    recogniser,
    voice,
    async close() {
      await recogniser.close();
      await voice.close();
    },
  };
}

/** One call; close it. */
export class CallUnderTest {
  readonly finals: FinalTranscript[] = [];
  readonly hearing: Hearing;
  #failure: Error | undefined;

  constructor({ recogniser, voice }: EarsUnderTest) {
    this.hearing = new Hearing({
      recogniser,
      voice,
      settings: earSettingsUnderTest,
      clock: systemClock,
      after: Promise.resolve(),
      onFinal: (final) => void this.finals.push(final),
      onEvent: () => undefined,
      onDetectorFailed: (error) => {
        this.#failure = error;
      },
    });
  }

  /** Texts in order; what could not be decoded is the error. */
  get texts(): string[] {
    return this.finals.map(({ text, error }) => error ?? text);
  }

  /** Takes sound as it comes, and waits where a sender would be asked to. */
  async hear(blocks: Iterable<Float32Array>): Promise<void> {
    for (const block of blocks) {
      this.hearing.hear(block);
      while (this.hearing.isBehind) await turn();
    }
  }

  /** The call ends; resolves when all texts are out. */
  async end(): Promise<void> {
    this.hearing.flush();
    await this.hearing.drained();
    this.hearing.close();
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** A whole call of one recording (16 kHz) with silence around it, in packets of 20 ms. */
export async function hearCall(
  ears: EarsUnderTest,
  samples: Float32Array,
): Promise<readonly FinalTranscript[]> {
  const call = new CallUnderTest(ears);
  await call.hear(inPackets(samples));
  await call.end();
  return call.finals;
}

export function* inPackets(samples: Float32Array, packetSamples = 320): Generator<Float32Array> {
  for (let at = 0; at < samples.length; at += packetSamples) {
    yield samples.subarray(at, at + packetSamples);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => void systemClock.after(1, resolve));
}

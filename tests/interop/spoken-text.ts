/** Texts spoken by the built-in voice, for callers to say. */
import { embedded } from "#embedded";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Flite } from "../../src/voice/engines/flite.ts";
import { fliteWorkerUrl } from "../../src/worker-files.ts";
import type { Sound } from "./sounds.ts";

/** Another one than the agent's. */
const callerVoice = "awb";

export async function speakText(text: string): Promise<Sound> {
  const flite = new Flite({
    modulePath: embedded.speechModule,
    workerUrl: fliteWorkerUrl,
    lanes: 1,
    clock: systemClock,
  });
  const parts: Float32Array[] = [];
  let rateHz = 0;
  const sink = {
    samples: (samples: Float32Array, itsRateHz: number) => {
      parts.push(samples.slice());
      rateHz = itsRateHz;
    },
  };
  try {
    await flite.speak({ text, voice: callerVoice }, sink, new AbortController().signal);
    return { samples: joinSamples(parts), rateHz };
  } finally {
    await flite.close();
  }
}

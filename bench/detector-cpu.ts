/** What finding utterances costs: the detector and cutter of calls that come in real time. */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../src/core/clock.ts";
import { WavPlayer } from "../src/inbound/wav-player.ts";
import { Hearing } from "../src/whisper/hearing.ts";
import type { Bench, BenchContext } from "./context.ts";
import { deafRecogniser, type Ears, openEars } from "./ears.ts";
import { labelSentence, makeLabelledCall } from "./labelled-calls.ts";
import { lineSounds, recordOverTelephone } from "./line-sounds.ts";
import { sentences } from "./sentences.ts";

const calls = 8;
const measuredMs = { full: 12_000, quick: 4000 } as const;
const settleMs = 500;
const quietSound = "comfort noise";

export const detectorCpu: Bench = {
  names: [
    "hearing.detector-cpu-percent",
    "hearing.detector-cpu-percent.talking",
    "hearing.detector-cpu-percent.silent",
  ],
  isDisturbedByOthers: true,
  async run(context) {
    const lengthMs = context.isQuick ? measuredMs.quick : measuredMs.full;
    const sounds = { talking: await talk(lengthMs), silent: silence(lengthMs) };
    const ears = await openEars(context.temporaryFolder);
    try {
      const talking = await measure("talking", sounds.talking, { ears, context });
      const silent = await measure("silent", sounds.silent, { ears, context });
      return new Map([
        ["hearing.detector-cpu-percent", Math.max(talking, silent)],
        ["hearing.detector-cpu-percent.talking", talking],
        ["hearing.detector-cpu-percent.silent", silent],
      ]);
    } finally {
      await ears.close();
    }
  },
};

/** A caller who hardly pauses, so that the detector hears every window. */
async function talk(lengthMs: number): Promise<Float32Array> {
  const spoken = (await sentences()).map(({ samples }) => labelSentence(samples));
  const { samples } = makeLabelledCall({
    sentences: spoken,
    noise: "pink",
    snrDb: 15,
    speechDbfs: -26,
    // At least a second each, with its pause.
    sentenceCount: lengthMs / 1000,
    seed: 1,
  });
  return samples;
}

function silence(lengthMs: number): Float32Array {
  const sound = lineSounds.find(({ name }) => name === quietSound);
  if (sound === undefined) throw new RangeError(`no sound is named ${quietSound}`);
  return recordOverTelephone(sound.start(), lengthMs);
}

/** Processor time of all threads for one of eight calls, in percent of one processor. */
async function measure(
  what: string,
  samples: Float32Array,
  { ears, context }: { readonly ears: Ears; readonly context: BenchContext },
): Promise<number> {
  context.progress(`detector: processor time of ${calls} calls, ${what}`);
  Bun.gc(true);
  const hearings = Array.from({ length: calls }, () => openHearing(ears));
  await sleep(settleMs);
  const before = { cpu: process.cpuUsage(), voice: ears.voice.status() };
  const startMs = performance.now();
  await Promise.all(hearings.map((hearing) => playTo(hearing, samples, context)));
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before.cpu);
  const voice = ears.voice.status();
  for (const hearing of hearings) hearing.close();
  const cpuPercent = (100 * (user + system)) / 1000 / wallMs / calls;
  const busyPercent = (100 * (voice.busyMs - before.voice.busyMs)) / wallMs / calls;
  context.note(
    `detector, ${what}: ${cpuPercent.toFixed(3)} % of a processor a call, ` +
      `${busyPercent.toFixed(3)} % of it in the detector for ` +
      `${voice.windows - before.voice.windows} windows`,
  );
  return cpuPercent;
}

function openHearing(ears: Ears): Hearing {
  return new Hearing({
    ...ears,
    recogniser: deafRecogniser,
    clock: systemClock,
    after: Promise.resolve(),
    onFinal: () => undefined,
    onEvent: () => undefined,
    onDetectorFailed: (error) => {
      throw error;
    },
  });
}

async function playTo(
  hearing: Hearing,
  samples: Float32Array,
  context: BenchContext,
): Promise<void> {
  const player = new WavPlayer({
    samples,
    speed: 1,
    loop: true,
    clock: systemClock,
    onSamples: (block) => hearing.hear(block),
  });
  await sleep(context.isQuick ? measuredMs.quick : measuredMs.full);
  player.stop();
}

/**
 * How long a caller waits for the end of a sentence to become a text, beyond the silence that tells
 * the end. A call streams sentences in real time; nobody else speaks, so a lane is free.
 */
import { systemClock } from "../src/core/clock.ts";
import type { Bench, BenchContext } from "./context.ts";
import { endSilenceMs, type FinalTiming, timeFinal, UtteranceEnds } from "./final-timing.ts";
import { numberAt } from "./json-path.ts";
import type { ModelName } from "./materials.ts";
import {
  alsoInPairs,
  inTurn,
  longestSentence,
  sentences,
  speakInTurn,
  type SpokenLine,
} from "./sentences.ts";
import { onStage, type Stage, within } from "./stage.ts";
import { median, percentile } from "./statistics.ts";
import { SteadySpeaker } from "./steady-speaker.ts";
import { Xorshift32 } from "./xorshift.ts";

/** Decoding that the silence is meant to hide. */
const hiddenMs = 400;
const utterances = { full: 32, quick: 8 } as const;
/** With what the service keeps before and behind it, an utterance is then at most five seconds. */
const maxSoundSeconds = 4.5;
const decodes = { full: 12, quick: 4 } as const;
/** Between sentences, at least: the lanes are free again when the next one ends. */
const leastPauseMs = 1100;
/** Where decoding takes longer, other programs have the machine, and the bench need not last. */
const longestPauseMs = 2500;
const extraPauseMs = 640;
/** Line noise at -66 dBFS, which is no speech. */
const noiseAmplitude = 0.0009;
const chunkSeconds = 3;
const connectLimitMs = 5000;
const textLimitMs = 60_000;
/** Sentences that became an utterance. */
const leastHeardShare = 0.9;

export const finalLatencyDemo: Bench = {
  names: ["hearing.final-after-silence-p95-ms.demo"],
  isDisturbedByOthers: true,
  run: async (context) =>
    await onStage(context, "demo", async (stage) => {
      const lateMs = await measure(stage, { model: "demo", pauseMs: leastPauseMs }, context);
      return new Map([["hearing.final-after-silence-p95-ms.demo", percentile(lateMs, 0.95)]]);
    }),
};

export const finalLatencyBase: Bench = {
  names: ["hearing.final-after-silence-p95-ms.base", "hearing.final-late-ms.base"],
  isDisturbedByOthers: true,
  run: async (context) =>
    await onStage(context, "base", async (stage) => {
      const decodeMs = await usualDecodeMs(stage, context);
      const lateMs = await measure(stage, { model: "base", pauseMs: pauseFor(decodeMs) }, context);
      const p95Ms = percentile(lateMs, 0.95);
      return new Map([
        ["hearing.final-after-silence-p95-ms.base", p95Ms],
        ["hearing.final-late-ms.base", p95Ms - Math.max(0, decodeMs - hiddenMs)],
      ]);
    }),
};

function pauseFor(decodeMs: number): number {
  return Math.min(longestPauseMs, Math.max(leastPauseMs, endSilenceMs + 2 * decodeMs));
}

/** Of an utterance that has the machine for itself, as the lanes measure it. */
async function usualDecodeMs(stage: Stage, context: BenchContext): Promise<number> {
  const { whisper, exchange, texts } = stage;
  const chunk = await longestSentence(chunkSeconds);
  const call = exchange.prepare();
  call.register();
  await within(connectLimitMs, "connecting a call", call.connected);
  const decodeMs: number[] = [];
  const wanted = context.isQuick ? decodes.quick : decodes.full;
  // The first one warms up caches.
  for (let index = 0; index <= wanted; index += 1) {
    context.progress(`decoding time: ${index} of ${wanted}`);
    const before = numberAt(await whisper.status(), "recogniser", "busyMs");
    call.speak(chunk);
    await within(textLimitMs, "a text", texts.text(call.callId.text, index));
    const after = numberAt(await whisper.status(), "recogniser", "busyMs");
    if (index > 0) decodeMs.push(after - before);
  }
  call.hangUp();
  context.note(
    `decoding alone: median ${median(decodeMs).toFixed(0)}, ` +
      `${Math.min(...decodeMs).toFixed(0)} to ${Math.max(...decodeMs).toFixed(0)} ms`,
  );
  return median(decodeMs);
}

interface Scene {
  readonly model: ModelName;
  /** Between sentences, at least. */
  readonly pauseMs: number;
}

/** For each utterance, how late its text was at the LLaMA. */
async function measure(
  stage: Stage,
  { model, pauseMs }: Scene,
  context: BenchContext,
): Promise<number[]> {
  const wanted = context.isQuick ? utterances.quick : utterances.full;
  const line = await spokenLine(wanted, pauseMs);
  const finals = await speakLine(stage, line, (said) =>
    context.progress(`sentences in real time, ${model} model: ${said} of ${wanted}`),
  );
  if (finals.length < leastHeardShare * wanted) {
    throw new Error(`whisper heard ${finals.length} of ${wanted} sentences`);
  }
  const lateMs = finals.map((final) => final.lateMs);
  const afterSoundMs = finals.map((final) => final.afterSoundMs);
  context.note(
    `final after silence, ${model} model, ${finals.length} utterances: ${describe(lateMs)}; ` +
      `counted from where the sound itself falls 40 dB below its peak: ${describe(afterSoundMs)}`,
  );
  return lateMs;
}

function describe(values: readonly number[]): string {
  const shown = [median(values), percentile(values, 0.95), Math.max(...values)];
  const [middle, late, worst] = shown.map((value) => value.toFixed(1));
  return `median ${middle}, p95 ${late}, worst ${worst} ms`;
}

async function spokenLine(count: number, pauseMs: number): Promise<SpokenLine> {
  const alone = (await sentences()).map(({ samples }) => samples);
  const all = alsoInPairs(alone, maxSoundSeconds);
  return speakInTurn({
    utterances: Array.from({ length: count }, (_, index) => inTurn(all, index)),
    leastPauseMs: pauseMs,
    extraPauseMs,
    noiseAmplitude,
    random: new Xorshift32(1),
  });
}

async function speakLine(
  { exchange, texts }: Stage,
  line: SpokenLine,
  onProgress: (said: number) => void,
): Promise<FinalTiming[]> {
  const ends = new UtteranceEnds();
  const call = exchange.prepare({
    onTranscript: (_, text) => ends.transcript(text),
    onPosition: (samples) => ends.position(samples),
  });
  call.register();
  await within(connectLimitMs, "connecting a call", call.connected);
  const speaker = new SteadySpeaker({
    samples: line.samples,
    clock: systemClock,
    send(packet) {
      call.speak(packet);
      onProgress(ends.samples.length);
    },
  });
  await speaker.done;
  call.fallSilent();
  await within(textLimitMs, "the last text", call.drained);
  return await Promise.all(
    ends.samples.map(async (endSample, index) => {
      const { atMs } = await within(textLimitMs, "a text", texts.text(call.callId.text, index));
      return timeFinal({ line, endSample, atMs, sentAtMs: (sample) => speaker.sentAtMs(sample) });
    }),
  );
}

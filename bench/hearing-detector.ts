/**
 * How well utterances are found: the service's own detector and cutter hear calls of which is known
 * where somebody speaks.
 */
import { pauseMs } from "../src/whisper/hearing.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import { voiceWindowSamples } from "../src/whisper/voice-activity.ts";
import type { Bench, BenchContext } from "./context.ts";
import {
  addScores,
  type DetectorScore,
  emptyScore,
  type KeptSilence,
  scoreCall,
} from "./detector-score.ts";
import { deafRecogniser, type Ears, openEars } from "./ears.ts";
import {
  type LabelledCall,
  type LabelledSentence,
  labelSentence,
  makeLabelledCall,
} from "./labelled-calls.ts";
import { listen } from "./listening.ts";
import type { MeasureName } from "./registry.ts";
import { sentences } from "./sentences.ts";
import type { Span } from "./spans.ts";

const snrs = [30, 15, 5] as const;
const noises = ["white", "pink"] as const;
/** A loud, a usual and a soft caller. */
const speechLevelsDbfs = { full: [-20, -26, -35], quick: [-26] } as const;
const sentencesPerCall = 30;
const windowMs = (voiceWindowSamples * 1000) / whisperSampleRateHz;
const preRollMs = 350;

export const hearingDetector: Bench = {
  names: snrs.flatMap((snrDb) => [
    `hearing.detector.missed-percent.${snrDb}db` as const,
    `hearing.detector.false-percent.${snrDb}db` as const,
    `hearing.detector.long-pauses-bridged-percent.${snrDb}db` as const,
    `hearing.detector.short-pauses-cut-percent.${snrDb}db` as const,
  ]),
  isDisturbedByOthers: false,
  async run(context) {
    const ears = await openEars(context.temporaryFolder);
    try {
      return await measure(ears, context);
    } finally {
      await ears.close();
    }
  },
};

async function measure(
  ears: Ears,
  context: BenchContext,
): Promise<ReadonlyMap<MeasureName, number>> {
  const spoken = (await sentences()).map(({ samples }) => labelSentence(samples));
  const results = new Map<MeasureName, number>();
  context.note("detector: SNR, noise: speech missed, silence kept too long, pauses");
  for (const snrDb of snrs) {
    let ofSnr = emptyScore;
    for (const noise of noises) {
      context.progress(`detector: ${noise} noise at ${snrDb} dB`);
      const score = await scoreAll(ears, callsOf({ spoken, snrDb, noise }, context));
      context.note(`  ${snrDb} dB, ${noise}: ${describe(score)}`);
      ofSnr = addScores(ofSnr, score);
    }
    results.set(`hearing.detector.missed-percent.${snrDb}db`, percent(ofSnr.missed, ofSnr.speech));
    results.set(`hearing.detector.false-percent.${snrDb}db`, percent(ofSnr.falsely, ofSnr.silence));
    results.set(
      `hearing.detector.long-pauses-bridged-percent.${snrDb}db`,
      percent(ofSnr.longPauses - ofSnr.longSplit, ofSnr.longPauses),
    );
    results.set(
      `hearing.detector.short-pauses-cut-percent.${snrDb}db`,
      percent(ofSnr.shortPauses - ofSnr.shortKept, ofSnr.shortPauses),
    );
  }
  return results;
}

interface Condition {
  readonly spoken: readonly LabelledSentence[];
  readonly snrDb: number;
  readonly noise: "white" | "pink";
}

function* callsOf(condition: Condition, context: BenchContext): Generator<LabelledCall> {
  const { spoken, snrDb, noise } = condition;
  const levels = context.isQuick ? speechLevelsDbfs.quick : speechLevelsDbfs.full;
  for (const [index, speechDbfs] of levels.entries()) {
    yield makeLabelledCall({
      sentences: spoken,
      noise,
      snrDb,
      speechDbfs,
      sentenceCount: sentencesPerCall,
      seed: index + 1,
    });
  }
}

async function scoreAll(ears: Ears, calls: Iterable<LabelledCall>): Promise<DetectorScore> {
  // Windows of the detector do not begin where words do.
  const kept: KeptSilence = {
    beforeMs: preRollMs + windowMs,
    afterMs: pauseMs + windowMs,
    withinMs: ears.settings.endSilenceMs + 2 * windowMs,
  };
  let sum = emptyScore;
  for (const call of calls) {
    const utterances: Span[] = [];
    await listen({
      ears: { ...ears, recogniser: deafRecogniser },
      blocks: [call.samples],
      onFinal: ({ utterance: { startSample, endSample } }) =>
        utterances.push({ start: startSample, end: endSample }),
    });
    sum = addScores(sum, scoreCall(call, utterances, kept));
  }
  return sum;
}

function describe(score: DetectorScore): string {
  const missed = percent(score.missed, score.speech).toFixed(2);
  const falsely = percent(score.falsely, score.silence).toFixed(1);
  return (
    `${missed} % missed, ${falsely} % too long, ` +
    `${score.longSplit} of ${score.longPauses} long pauses end an utterance, ` +
    `${score.shortKept} of ${score.shortPauses} short ones do not`
  );
}

function percent(part: number, whole: number): number {
  return whole === 0 ? Number.NaN : (100 * part) / whole;
}

/** Compares where utterances were found with where somebody spoke. */
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import type { LabelledCall } from "./labelled-calls.ts";
import { gapsBetween, intersectSpans, mergeSpans, type Span, totalLength } from "./spans.ts";

/** Silences that an utterance is meant to keep. */
export interface KeptSilence {
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Pauses shorter than this belong to the utterance. */
  readonly withinMs: number;
}

/** A pause at least so long has to end an utterance, with service defaults. */
const longPauseMs = 700;
/** A pause no longer than this must not. */
const shortPauseMs = 350;

/** Times in samples, so that scores of calls can be added. */
export interface DetectorScore {
  readonly speech: number;
  /** Speech that is in no utterance. */
  readonly missed: number;
  readonly silence: number;
  /** Silence in utterances beyond what they are meant to keep. */
  readonly falsely: number;
  readonly longPauses: number;
  /** Long pauses that ended an utterance. */
  readonly longSplit: number;
  readonly shortPauses: number;
  /** Short pauses that are within one utterance. */
  readonly shortKept: number;
}

export const emptyScore: DetectorScore = {
  speech: 0,
  missed: 0,
  silence: 0,
  falsely: 0,
  longPauses: 0,
  longSplit: 0,
  shortPauses: 0,
  shortKept: 0,
};

/** `utterances` in order; one that was cut for its length and its continuation are one span. */
export function scoreCall(
  call: LabelledCall,
  utterances: readonly Span[],
  kept: KeptSilence,
): DetectorScore {
  const whole = { start: 0, end: call.samples.length };
  const speech = mergeSpans(call.speech);
  const silence = gapsBetween(speech, whole);
  const mayKeep = allowed(speech, kept, whole);
  const long = call.pauses.filter((pause) => lengthMs(pause) >= longPauseMs);
  const short = call.pauses.filter((pause) => lengthMs(pause) <= shortPauseMs);
  const heard = mergeSpans(utterances);
  const isBridged = (pause: Span): boolean => heard.some((span) => contains(span, pause));
  return {
    speech: totalLength(speech),
    missed: totalLength(intersectSpans(speech, gapsBetween(heard, whole))),
    silence: totalLength(silence),
    falsely: totalLength(intersectSpans(heard, gapsBetween(mayKeep, whole))),
    longPauses: long.length,
    longSplit: long.filter((pause) => !isBridged(pause)).length,
    shortPauses: short.length,
    shortKept: short.filter(isBridged).length,
  };
}

export function addScores(a: DetectorScore, b: DetectorScore): DetectorScore {
  return {
    speech: a.speech + b.speech,
    missed: a.missed + b.missed,
    silence: a.silence + b.silence,
    falsely: a.falsely + b.falsely,
    longPauses: a.longPauses + b.longPauses,
    longSplit: a.longSplit + b.longSplit,
    shortPauses: a.shortPauses + b.shortPauses,
    shortKept: a.shortKept + b.shortKept,
  };
}

/** What may be in utterances: speech, what is kept around it, and pauses that do not end one. */
function allowed(speech: readonly Span[], kept: KeptSilence, whole: Span): Span[] {
  const around = speech.map(({ start, end }) => ({
    start: Math.max(whole.start, start - toSamples(kept.beforeMs)),
    end: Math.min(whole.end, end + toSamples(kept.afterMs)),
  }));
  const shortGaps = gapsBetween(speech, whole).filter((gap) => lengthMs(gap) < kept.withinMs);
  return mergeSpans([...around, ...shortGaps]);
}

function contains(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function lengthMs({ start, end }: Span): number {
  return ((end - start) * 1000) / whisperSampleRateHz;
}

function toSamples(ms: number): number {
  return (ms * whisperSampleRateHz) / 1000;
}

/**
 * Which text each sample of the reply streams belongs to, and how much of it the caller has heard: by
 * the pace of the line, until outbound has told what was played. Pure, and bounded in memory.
 */
import { LinePace } from "./line-pace.ts";

export interface HandedSound<Text> {
  /** The number of the stream on its connection, from 1. */
  readonly stream: number;
  /** Undefined for a pause. */
  readonly text: Text | undefined;
  readonly samples: number;
}

/** What outbound tells of a stream. */
export interface PlayedSound {
  readonly stream: number;
  readonly samples: number;
  readonly wait: number;
  readonly over: number;
}

/** How it stands with the last sound of a text. */
export interface TextEnd {
  /** `cut`: its stream is over, and not all of the text was played. */
  readonly state: "playing" | "played" | "cut";
  /** When it is heard, as far as is known now; when it was cut. */
  readonly atMs: number;
  /** No other text has sound behind it in its stream. */
  readonly isLast: boolean;
  /** Outbound plays its stream, and is to tell of the end. */
  readonly isAwaited: boolean;
}

interface Span<Text> {
  readonly text: Text | undefined;
  /** Where in the stream it begins. */
  readonly from: number;
  samples: number;
}

interface Stream<Text> {
  readonly number: number;
  readonly spans: Span<Text>[];
  readonly pace: LinePace;
  samples: number;
  /** At least so many, exactly when it is over. */
  playedSamples: number;
  waitMs: number | undefined;
  hasBegun: boolean;
  overAtMs: number | undefined;
  isAttached: boolean;
}

const maxStreams = 16;
const maxSpans = 1000;
/** Filters and the last frame of a line take or add as much. */
const toleranceMs = 60;
/** From sound that is handed on to the line, where nobody tells. */
const usualDelayMs = 60;
/** An outbound that reports, and has not begun a stream: the call is on hold, or a greeting goes first. */
const holdDelayMs = 60_000;

export class StreamLedger<Text extends object> {
  readonly #rateHz: number;
  #streams: Stream<Text>[] = [];
  #isReporting = false;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** Outbound, as it is connected now, tells what it plays. */
  get isReporting(): boolean {
    return this.#isReporting;
  }

  /** The streams of which outbound may still tell how they ended. */
  get openStreams(): readonly number[] {
    return this.#streams
      .filter((one) => one.overAtMs === undefined && one.isAttached && !this.#isPassed(one))
      .map(({ number }) => number);
  }

  handOn({ stream: number, text, samples }: HandedSound<Text>, nowMs: number): void {
    if (samples <= 0) return;
    const stream = this.#current(number);
    const last = stream.spans.at(-1);
    if (last !== undefined && last.text === text) {
      last.samples += samples;
    } else {
      stream.spans.push({ text, from: stream.samples, samples });
      if (stream.spans.length > maxSpans) stream.spans.shift();
    }
    stream.samples += samples;
    stream.pace.handOn(samples, nowMs);
  }

  /** False for a stream that is not known, or over already. */
  played({ stream: number, samples, wait, over }: PlayedSound, nowMs: number): boolean {
    this.#isReporting = true;
    const stream = this.#streams.findLast((one) => one.isAttached && one.number === number);
    if (stream === undefined || stream.overAtMs !== undefined) return false;
    stream.waitMs = wait;
    stream.hasBegun ||= over === 0 || samples > 0;
    const played = Math.min(samples, stream.samples);
    if (over === 0) {
      stream.playedSamples = Math.max(stream.playedSamples, played);
      stream.pace.wasAt(samples, nowMs);
      return true;
    }
    stream.overAtMs = nowMs;
    const isWhole = stream.samples - samples <= this.#toleranceSamples;
    stream.playedSamples = isWhole ? stream.samples : played;
    return true;
  }

  /** The connection is gone: nothing is told of its streams any more. */
  detach(): void {
    this.#isReporting = false;
    for (const stream of this.#streams) stream.isAttached = false;
  }

  /** Samples of a text that have been heard, pauses left out. */
  heardSamples(text: Text, nowMs: number): number {
    let heard = 0;
    for (const stream of this.#streams) {
      const spans = stream.spans.filter((span) => span.text === text);
      if (spans.length === 0) continue;
      const place = this.#placeIn(stream, nowMs);
      for (const { from, samples } of spans) heard += clamp(place - from, samples);
    }
    return Math.round(heard);
  }

  /** What the stream of its first sound waited at outbound; undefined when that is not known. */
  waitMs(text: Text): number | undefined {
    return this.#streams.find(({ spans }) => spans.some((span) => span.text === text))?.waitMs;
  }

  /**
   * When the caller hears its first sound, as far as is known now; infinite when they never will, and
   * undefined when none of it was handed on.
   */
  beginsAtMs(text: Text): number | undefined {
    for (const stream of this.#streams) {
      const span = stream.spans.find((one) => one.text === text);
      if (span === undefined) continue;
      if (stream.overAtMs !== undefined) {
        const wasHeard = span.from < stream.playedSamples;
        return wasHeard ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
      }
      if (this.#isPassed(stream)) return Number.NEGATIVE_INFINITY;
      return stream.pace.beginsAtMs(span.from, this.#delayMs(stream));
    }
    return undefined;
  }

  /** Undefined when none of it was handed on. */
  endOf(text: Text): TextEnd | undefined {
    for (const stream of this.#streams.toReversed()) {
      const at = stream.spans.findLastIndex((span) => span.text === text);
      const span = stream.spans[at];
      if (span === undefined) continue;
      const end = span.from + span.samples;
      const { overAtMs, hasBegun, isAttached } = stream;
      return {
        state: this.#stateAt(stream, end),
        atMs: overAtMs ?? stream.pace.endsAtMs(end, this.#delayMs(stream)),
        isLast: stream.spans.slice(at + 1).every((behind) => behind.text === undefined),
        isAwaited: hasBegun && isAttached && this.#isReporting,
      };
    }
    return undefined;
  }

  #current(number: number): Stream<Text> {
    const last = this.#streams.at(-1);
    if (last?.isAttached === true && last.number === number) return last;
    const stream: Stream<Text> = {
      number,
      spans: [],
      pace: new LinePace(this.#rateHz),
      samples: 0,
      playedSamples: 0,
      waitMs: undefined,
      hasBegun: false,
      overAtMs: undefined,
      isAttached: true,
    };
    this.#streams.push(stream);
    if (this.#streams.length > maxStreams) this.#streams.shift();
    return stream;
  }

  #stateAt(stream: Stream<Text>, end: number): TextEnd["state"] {
    if (stream.overAtMs === undefined) return this.#isPassed(stream) ? "played" : "playing";
    return end - stream.playedSamples > this.#toleranceSamples ? "cut" : "played";
  }

  /** Replies are played in their order, so that all of it is through when a later one has begun. */
  #isPassed(stream: Stream<Text>): boolean {
    const behind = this.#streams.slice(this.#streams.indexOf(stream) + 1);
    return behind.some(({ hasBegun, isAttached }) => hasBegun && isAttached);
  }

  #delayMs({ isAttached }: Stream<Text>): number {
    return isAttached && this.#isReporting ? holdDelayMs : usualDelayMs;
  }

  #placeIn(stream: Stream<Text>, nowMs: number): number {
    const { overAtMs, playedSamples, pace } = stream;
    if (overAtMs !== undefined) return playedSamples;
    return Math.max(playedSamples, pace.samplesAt(nowMs, this.#delayMs(stream)));
  }

  get #toleranceSamples(): number {
    return (toleranceMs * this.#rateHz) / 1000;
  }
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

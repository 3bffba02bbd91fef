/**
 * Which text each sample of the reply streams belongs to, and how much of it the caller has heard: by
 * the pace of speech, until outbound has told what was played. Pure, and bounded in memory.
 */

export interface HandedSound<Text> {
  /** The number of the stream on its connection, from 1. */
  readonly stream: number;
  /** Undefined for a pause. */
  readonly text: Text | undefined;
  readonly samples: number;
  /** When, by the pace of speech, its last sample will have been heard. */
  readonly heardAtMs: number;
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
  /** When it is heard, as far as is known now. */
  readonly heardAtMs: number;
  /** No other text has sound behind it in its stream. */
  readonly isLast: boolean;
  /** Nothing more of its stream will be played, so that what was heard is certain. */
  readonly isOver: boolean;
  /** It is over, and not all of the text was played. */
  readonly isCut: boolean;
  /** Outbound has begun to play its stream. */
  readonly hasBegun: boolean;
  /** Outbound may still tell of its stream. */
  readonly isAttached: boolean;
}

interface Span<Text> {
  readonly text: Text | undefined;
  /** Where in the stream it begins. */
  readonly from: number;
  samples: number;
  heardAtMs: number;
}

interface Stream<Text> {
  readonly number: number;
  readonly spans: Span<Text>[];
  samples: number;
  /** By how much the line is behind the pace of speech. */
  lagMs: number;
  /** At least so many, exactly when it is over. */
  playedSamples: number;
  waitMs: number | undefined;
  isOver: boolean;
  isAttached: boolean;
}

const maxStreams = 16;
const maxSpans = 1000;
/** Filters and the last frame of a line take or add as much. */
const toleranceMs = 60;

export class StreamLedger<Text extends object> {
  readonly #rateHz: number;
  #streams: Stream<Text>[] = [];

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** The streams of which outbound may still tell how they ended. */
  get openStreams(): readonly number[] {
    return this.#streams
      .filter(({ isOver, isAttached }) => !isOver && isAttached)
      .map(({ number }) => number);
  }

  handOn({ stream: number, text, samples, heardAtMs }: HandedSound<Text>): void {
    if (samples <= 0) return;
    const stream = this.#current(number);
    const last = stream.spans.at(-1);
    if (last !== undefined && last.text === text) {
      last.samples += samples;
      last.heardAtMs = heardAtMs;
    } else {
      stream.spans.push({ text, from: stream.samples, samples, heardAtMs });
      if (stream.spans.length > maxSpans) stream.spans.shift();
    }
    stream.samples += samples;
  }

  /** The text that plays at that place; undefined for a stream that is not known, or over already. */
  played({ stream: number, samples, wait, over }: PlayedSound, nowMs: number): Text | undefined {
    const stream = this.#streams.findLast((one) => one.isAttached && one.number === number);
    if (stream === undefined || stream.isOver) return undefined;
    stream.waitMs = wait;
    stream.playedSamples = Math.min(samples, stream.samples);
    if (over === 0) {
      stream.lagMs = Math.max(0, nowMs - this.#paceMs(stream, stream.playedSamples));
    } else {
      stream.isOver = true;
      const isWhole = stream.samples - samples <= this.#samplesOf(toleranceMs);
      if (isWhole) stream.playedSamples = stream.samples;
    }
    return textAt(stream, stream.playedSamples);
  }

  /** The connection is gone: nothing is told of its streams any more. */
  detach(): void {
    for (const stream of this.#streams) stream.isAttached = false;
  }

  /** Samples of a text that have been heard, pauses left out. */
  heardSamples(text: Text, nowMs: number): number {
    let heard = 0;
    for (const stream of this.#streams) {
      for (const span of stream.spans) {
        if (span.text === text) heard += this.#heardOf(stream, span, nowMs);
      }
    }
    return heard;
  }

  /** What the stream of its first sound waited at outbound; undefined when that is not known. */
  waitMs(text: Text): number | undefined {
    return this.#streams.find(({ spans }) => spans.some((span) => span.text === text))?.waitMs;
  }

  /** Undefined when none of it was handed on. */
  endOf(text: Text): TextEnd | undefined {
    for (const stream of this.#streams.toReversed()) {
      const at = stream.spans.findLastIndex((span) => span.text === text);
      const span = stream.spans[at];
      if (span === undefined) continue;
      const behind = stream.spans.slice(at + 1);
      const unplayed = span.from + span.samples - stream.playedSamples;
      return {
        heardAtMs: span.heardAtMs + stream.lagMs,
        isLast: behind.every((other) => other.text === undefined),
        isOver: stream.isOver,
        isCut: stream.isOver && unplayed > this.#samplesOf(toleranceMs),
        hasBegun: stream.waitMs !== undefined,
        isAttached: stream.isAttached,
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
      samples: 0,
      lagMs: 0,
      playedSamples: 0,
      waitMs: undefined,
      isOver: false,
      isAttached: true,
    };
    this.#streams.push(stream);
    if (this.#streams.length > maxStreams) this.#streams.shift();
    return stream;
  }

  #heardOf(stream: Stream<Text>, span: Span<Text>, nowMs: number): number {
    const told = Math.max(0, Math.min(span.samples, stream.playedSamples - span.from));
    if (stream.isOver) return told;
    const unheardMs = Math.max(0, span.heardAtMs + stream.lagMs - nowMs);
    return Math.max(told, Math.round(span.samples - this.#samplesOf(unheardMs)));
  }

  /** When that place is heard by the pace of speech. */
  #paceMs(stream: Stream<Text>, samples: number): number {
    const span =
      stream.spans.find(({ from, samples: length }) => samples <= from + length) ??
      stream.spans.at(-1);
    if (span === undefined) return Number.POSITIVE_INFINITY;
    const behind = span.from + span.samples - samples;
    return span.heardAtMs - (behind * 1000) / this.#rateHz;
  }

  #samplesOf(ms: number): number {
    return (ms * this.#rateHz) / 1000;
  }
}

/** In a pause, the text before it; undefined in front of all. */
function textAt<Text>(stream: Stream<Text>, samples: number): Text | undefined {
  const begun = stream.spans.filter(
    ({ text, from }) => text !== undefined && (from < samples || from === 0),
  );
  return begun.at(-1)?.text ?? stream.spans.find(({ text }) => text !== undefined)?.text;
}

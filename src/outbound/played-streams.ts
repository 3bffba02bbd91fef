/**
 * How much of each reply the line has taken, in samples as the voice sent them: what the voice is told,
 * so that it knows what the caller has heard. Pure.
 */

/** One reply of the voice: audio up to its end marker. */
export interface ReplyStream {
  /** Which connection of the voice it came by: numbers begin anew with each. */
  readonly connection: number;
  /** From 1. */
  readonly number: number;
}

export interface StreamReport {
  readonly stream: ReplyStream;
  /** That were played, at the rate in which they came; 0 when it begins. */
  readonly samples: number;
  /** From the arrival of its first sample to the frame that began it; 0 when it never began. */
  readonly waitMs: number;
  /** False: its first frame goes to the line. True: it is played to its end, or interrupted. */
  readonly isOver: boolean;
}

interface OpenStream {
  stream: ReplyStream;
  /** Position of what waits or plays, on the axis of all that was given. */
  startMs: number;
  endMs: number;
  /** Of that stretch. */
  samples: number;
  /** Samples played before an interruption after which the voice went on. */
  playedBefore: number;
  arrivedMs: number | undefined;
  waitMs: number | undefined;
  isEnded: boolean;
  /** That it is over has been told, and nothing has come since. */
  isTold: boolean;
}

/** More replies than this never wait: a peer that sends crumbs has them counted as the latest one. */
const maxStreams = 64;
/** Resampling and counting in milliseconds round differently; less than any frame. */
const toleranceMs = 0.5;

export class PlayedStreams {
  readonly #report: (report: StreamReport) => void;
  #streams: OpenStream[] = [];
  #givenMs = 0;
  #hasPlayed = false;

  constructor(report: (report: StreamReport) => void) {
    this.#report = report;
  }

  /** Something of a reply has been played, ever. */
  get hasPlayed(): boolean {
    return this.#hasPlayed;
  }

  begin(stream: ReplyStream): void {
    const last = this.#streams.at(-1);
    if (last !== undefined && this.#streams.length >= maxStreams) {
      last.stream = stream;
      last.isEnded = false;
      return;
    }
    this.end();
    this.#streams.push({
      stream,
      startMs: this.#givenMs,
      endMs: this.#givenMs,
      samples: 0,
      playedBefore: 0,
      arrivedMs: undefined,
      waitMs: undefined,
      isEnded: false,
      isTold: false,
    });
  }

  /** Sound of the stream that was begun last. */
  add(samples: number, ms: number, nowMs: number): void {
    const last = this.#streams.at(-1);
    if (last === undefined || samples === 0) return;
    last.arrivedMs ??= nowMs;
    last.samples += samples;
    last.isTold = false;
    this.#givenMs += ms;
    last.endMs = this.#givenMs;
  }

  /** The voice has ended the stream that was begun last. */
  end(): void {
    const last = this.#streams.at(-1);
    if (last !== undefined) last.isEnded = true;
  }

  /** Called behind each frame, with the sound that waits in all. */
  advance(waitingMs: number, nowMs: number): void {
    const positionMs = this.#givenMs - waitingMs;
    for (const stream of this.#streams) {
      if (positionMs <= stream.startMs + toleranceMs) break;
      if (stream.samples > 0) this.#began(stream, nowMs);
    }
    let first = this.#streams[0];
    while (first?.isEnded === true && positionMs + toleranceMs >= first.endMs) {
      this.#streams.shift();
      // Of one that is shorter than the tolerance this was not told.
      if (first.samples > 0) this.#began(first, nowMs);
      this.#over(first, first.samples);
      first = this.#streams[0];
    }
  }

  /** All that waits is forgotten; the stream that the voice has not ended may go on later. */
  interrupt(waitingMs: number): void {
    const positionMs = this.#givenMs - waitingMs;
    for (const stream of this.#streams) this.#over(stream, playedSamples(stream, positionMs));
    this.#streams = this.#streams.filter(({ isEnded }) => !isEnded);
    for (const stream of this.#streams) {
      stream.startMs = this.#givenMs;
      stream.endMs = this.#givenMs;
    }
  }

  #began(stream: OpenStream, nowMs: number): void {
    if (stream.waitMs !== undefined) return;
    stream.waitMs = nowMs - (stream.arrivedMs ?? nowMs);
    this.#hasPlayed = true;
    this.#report({ stream: stream.stream, samples: 0, waitMs: stream.waitMs, isOver: false });
  }

  #over(stream: OpenStream, played: number): void {
    stream.playedBefore += played;
    stream.samples = 0;
    if (stream.isTold) return;
    stream.isTold = true;
    const { playedBefore, waitMs = 0 } = stream;
    this.#report({ stream: stream.stream, samples: playedBefore, waitMs, isOver: true });
  }
}

function playedSamples(stream: OpenStream, positionMs: number): number {
  const { startMs, endMs, samples, waitMs } = stream;
  if (endMs <= startMs || waitMs === undefined) return 0;
  const share = Math.min(1, Math.max(0, (positionMs - startMs) / (endMs - startMs)));
  return Math.round(samples * share);
}

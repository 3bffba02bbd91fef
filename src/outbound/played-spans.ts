/** How much of each greeting and reply was really played: positions in one stream of sound. */

export type PlayoutSource = "greeting" | "reply";

export interface PlayedReport {
  readonly source: PlayoutSource;
  /** Since its first sample. */
  readonly playedMs: number;
  /** What was written of it. */
  readonly totalMs: number;
  readonly isInterrupted: boolean;
}

interface Span {
  readonly source: PlayoutSource;
  readonly startMs: number;
  endMs: number;
  /** Nothing will be added. */
  isEnded: boolean;
}

/** More replies than this never wait: a peer that sends crumbs has them counted as one. */
const maxSpans = 64;

export class PlayedSpans {
  readonly #report: (report: PlayedReport) => void;
  #spans: Span[] = [];
  #writtenMs = 0;
  /** Played before the last interruption. */
  #playedBeforeMs = 0;

  constructor(report: (report: PlayedReport) => void) {
    this.#report = report;
  }

  /** In all, given what was written and is not played yet. */
  playedMs(pendingMs: number): number {
    return this.#playedBeforeMs + Math.max(0, this.#writtenMs - pendingMs);
  }

  /** Nothing is playing or waits to be played. */
  get isEmpty(): boolean {
    return this.#spans.length === 0;
  }

  begin(source: PlayoutSource): void {
    if (this.#spans.length >= maxSpans) return;
    this.#spans.push({
      source,
      startMs: this.#writtenMs,
      endMs: this.#writtenMs,
      isEnded: false,
    });
  }

  add(source: PlayoutSource, ms: number): void {
    // After an interruption, the rest of a reply that the caller may hear again.
    if (this.#spans.length === 0) this.begin(source);
    this.#writtenMs += ms;
    const last = this.#spans.at(-1);
    if (last !== undefined) last.endMs = this.#writtenMs;
  }

  /** What was begun last is complete. */
  end(): void {
    const last = this.#spans.at(-1);
    if (last !== undefined) last.isEnded = true;
  }

  /** Reports what has been played to its end; called with each frame. */
  advance(pendingMs: number): void {
    let first = this.#spans[0];
    while (first !== undefined && first.isEnded && pendingMs <= this.#writtenMs - first.endMs) {
      this.#spans.shift();
      this.#tell(first, first.endMs, false);
      first = this.#spans[0];
    }
  }

  /** All that waits is forgotten, and what is playing ends here. */
  interrupt(pendingMs: number): void {
    const positionMs = Math.max(0, this.#writtenMs - pendingMs);
    this.#playedBeforeMs += positionMs;
    const spans = this.#spans;
    this.#spans = [];
    this.#writtenMs = 0;
    for (const span of spans) this.#tell(span, positionMs, true);
  }

  #tell(span: Span, positionMs: number, isInterrupted: boolean): void {
    const totalMs = span.endMs - span.startMs;
    if (totalMs === 0) return;
    const playedMs = Math.min(totalMs, Math.max(0, positionMs - span.startMs));
    this.#report({
      source: span.source,
      playedMs: Math.round(playedMs),
      totalMs: Math.round(totalMs),
      isInterrupted,
    });
  }
}

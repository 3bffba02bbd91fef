/** Stretches of a recording as pairs of sample numbers. */

export interface Span {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Spans in order, those that touch or overlap made one; empty ones are left out. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start >= end) continue;
    const last = merged.at(-1);
    if (last === undefined || start > last.end) merged.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
  return merged;
}

/** What is in both; both in order and without overlaps. */
export function intersectSpans(a: readonly Span[], b: readonly Span[]): Span[] {
  return a.flatMap((one) =>
    b
      .map((other) => ({
        start: Math.max(one.start, other.start),
        end: Math.min(one.end, other.end),
      }))
      .filter(({ start, end }) => start < end),
  );
}

/** What lies between the spans, within `whole`; spans in order and without overlaps. */
export function gapsBetween(spans: readonly Span[], whole: Span): Span[] {
  const ends = [whole.start, ...spans.map(({ end }) => end)];
  const starts = [...spans.map(({ start }) => start), whole.end];
  return ends
    .map((start, index) => ({ start, end: starts[index] ?? whole.end }))
    .filter(({ start, end }) => start < end);
}

export function totalLength(spans: readonly Span[]): number {
  return spans.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** How fast a transfer is, over its last seconds, so that a pause is seen: pure. */

interface Mark {
  readonly atMs: number;
  readonly bytes: number;
}

const windowMs = 3000;
/** Pieces come by the thousand. */
const betweenMarksMs = 100;
/** Less than that says nothing. */
const leastSpanMs = 200;

export class TransferRate {
  #marks: readonly Mark[] = [];
  #bytes = 0;

  /** `bytes` so far. */
  add(atMs: number, bytes: number): void {
    this.#bytes = bytes;
    const last = this.#marks.at(-1);
    if (last !== undefined && atMs - last.atMs < betweenMarksMs) return;
    this.#marks = [...this.#recent(atMs), { atMs, bytes }];
  }

  /** Undefined while nothing can be said, also behind a new beginning. */
  bytesPerS(nowMs: number): number | undefined {
    const [first] = this.#recent(nowMs);
    if (first === undefined || nowMs - first.atMs < leastSpanMs || this.#bytes < first.bytes)
      return undefined;
    return ((this.#bytes - first.bytes) * 1000) / (nowMs - first.atMs);
  }

  #recent(nowMs: number): readonly Mark[] {
    return this.#marks.filter(({ atMs }) => nowMs - atMs <= windowMs);
  }
}

/**
 * Relates the hops of both sides of a line, which are counted by themselves: how many hops of the
 * agent's sound there can have been when a hop of the caller's came.
 */

/** Hops over which the quickest arrival counts: one second. */
const windowHops = 50;
/** Arrivals that are later than the quickest by this much are still reached by a lag of 0. */
export const alignmentSlackHops = 3;
/** From here on a change is no network's whim: sound was left out on one of the sides. */
const breakHops = 6;
/** No packet is waited for as long as this: such a change is believed at once. */
const gapHops = 16;

export class EchoAlignment {
  /** Difference of the counts, as it is relied on. */
  #offset: number | undefined;
  #least = Number.POSITIVE_INFINITY;
  #counted = 0;

  /** The newest hop of the agent's that the caller's hop `near` may hold an echo of. */
  newest(near: number): number {
    return near + (this.#offset ?? 0) + alignmentSlackHops;
  }

  /**
   * Takes note that hop `near` came when there were `far` hops of the agent's sound. Returns by how many
   * hops known lags are longer from now on: the way of the echo is the same, its beginning is counted anew.
   */
  note(near: number, far: number): number {
    const difference = far - near;
    if (this.#offset === undefined) this.#offset = difference;
    if (Math.abs(difference - this.#offset) >= gapHops) {
      this.#offset = difference;
      this.#restart();
    }
    this.#least = Math.min(this.#least, difference);
    this.#counted += 1;
    if (this.#counted < windowHops) return 0;
    const change = this.#least - this.#offset;
    this.#offset = this.#least;
    this.#restart();
    return Math.abs(change) < breakHops ? change : 0;
  }

  #restart(): void {
    this.#least = Number.POSITIVE_INFINITY;
    this.#counted = 0;
  }
}

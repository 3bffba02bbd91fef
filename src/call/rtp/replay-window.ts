/** Remembers which packet indices were there already (RFC 3711 section 3.3.2). */

/** Twice what the RFC asks for at least. */
const windowSize = 128;

export class ReplayWindow {
  readonly #seen = new Float64Array(windowSize).fill(-1);
  #highest = -1;

  /** False for what came before, and for what is too old to tell. */
  isFresh(index: number): boolean {
    if (index < 0 || index <= this.#highest - windowSize) return false;
    return this.#seen[index % windowSize] !== index;
  }

  /** Only for packets that are authentic. */
  note(index: number): void {
    this.#seen[index % windowSize] = index;
    if (index > this.#highest) this.#highest = index;
  }
}

/** The last lines of an event stream, by their numbers; the oldest make room. */

export interface EventRingLimits {
  readonly lines: number;
  readonly bytes: number;
}

export class EventRing {
  readonly #limits: EventRingLimits;
  readonly #lines = new Map<number, Uint8Array>();
  #first = 1;
  #last = 0;
  #bytes = 0;

  constructor(limits: EventRingLimits) {
    this.#limits = limits;
  }

  /** Number of the oldest line that is here; one above `last` when there is none. */
  get first(): number {
    return this.#first;
  }

  /** Number of the newest line ever; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a line under the number above `last`. The newest stays, however long it is. */
  push(line: Uint8Array): void {
    this.#last += 1;
    this.#lines.set(this.#last, line);
    this.#bytes += line.length;
    while (this.#isOverfull()) this.#dropOldest();
  }

  at(seq: number): Uint8Array | undefined {
    return this.#lines.get(seq);
  }

  #isOverfull(): boolean {
    const { lines, bytes } = this.#limits;
    return this.#lines.size > 1 && (this.#lines.size > lines || this.#bytes > bytes);
  }

  #dropOldest(): void {
    this.#bytes -= this.#lines.get(this.#first)?.length ?? 0;
    this.#lines.delete(this.#first);
    this.#first += 1;
  }
}

/** A buffer that is used again and again, with views that are made once: packets leave no garbage. */

/** A call has a handful of packet shapes; what goes beyond comes from hostile packets. */
const keptViews = 128;

export class ByteWindow {
  readonly bytes: Uint8Array;
  readonly #views = new Map<number, Uint8Array>();

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** The bytes from `start` up to `end`; the same object each time, over bytes that change. */
  view(start: number, end: number): Uint8Array {
    const key = start * 0x1_0000 + end;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const view = this.bytes.subarray(start, end);
    if (this.#views.size < keptViews) this.#views.set(key, view);
    return view;
  }
}

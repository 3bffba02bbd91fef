/** A first-in first-out queue with a limit: when full, the oldest item goes and is counted. */

export class BoundedQueue<T> {
  readonly limit: number;
  #items: T[] = [];
  #dropped = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get length(): number {
    return this.#items.length;
  }

  /** How many items were dropped since the queue was made. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds an item; returns the one that had to make room, if any. */
  push(item: T): T | undefined {
    this.#items.push(item);
    return this.#enforceLimit();
  }

  /** Puts items back in front of all others, in the given order; returns how many were dropped. */
  unshift(items: readonly T[]): number {
    this.#items.unshift(...items);
    const before = this.#dropped;
    while (this.#items.length > this.limit) this.#enforceLimit();
    return this.#dropped - before;
  }

  shift(): T | undefined {
    return this.#items.shift();
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** The newest item. */
  peekLast(): T | undefined {
    return this.#items.at(-1);
  }

  clear(): void {
    this.#items = [];
  }

  #enforceLimit(): T | undefined {
    if (this.#items.length <= this.limit) return undefined;
    this.#dropped += 1;
    return this.#items.shift();
  }
}

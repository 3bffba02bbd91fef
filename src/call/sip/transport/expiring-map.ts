/** A map whose entries live for a while only, and of which there are only so many: the oldest goes. */
import type { Clock } from "../../../core/clock.ts";

export interface ExpiringMapOptions {
  readonly clock: Clock;
  readonly lifeMs: number;
  readonly limit: number;
}

export class ExpiringMap<Key, Value> {
  readonly #options: ExpiringMapOptions;
  readonly #entries = new Map<Key, { readonly value: Value; readonly untilMs: number }>();

  constructor(options: ExpiringMapOptions) {
    this.#options = options;
  }

  /** Entries, those that are over and not yet asked for included. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#options.clock.nowMs() < entry.untilMs) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** The life of the entry begins anew. */
  set(key: Key, value: Value): void {
    const { clock, lifeMs, limit } = this.#options;
    this.#entries.delete(key);
    this.#entries.set(key, { value, untilMs: clock.nowMs() + lifeMs });
    if (this.#entries.size <= limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }
}

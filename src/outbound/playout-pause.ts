/** A pause in what is played while the caller may have begun to talk; ends by itself. Pure. */

/** So long the decision whether it was speech may take. */
const limitMs = 1500;
/** A PAUSE is sent twice: its twin may come behind the SPEECH that followed at once. */
const twinWithinMs = 100;

export class PlayoutPause {
  #sinceMs: number | undefined;
  #decidedAtMs = Number.NEGATIVE_INFINITY;
  #pausedMs = 0;
  #pauses = 0;
  #expired = 0;

  /** True from `begin` to `end`: nothing may be played. */
  get isOn(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** In all, those that are over. */
  get pausedMs(): number {
    return this.#pausedMs;
  }

  get pauses(): number {
    return this.#pauses;
  }

  /** Pauses that nobody ended. */
  get expired(): number {
    return this.#expired;
  }

  /** Does not make a pause longer that is on already. */
  begin(nowMs: number): void {
    if (this.isOn || nowMs - this.#decidedAtMs < twinWithinMs) return;
    this.#sinceMs = nowMs;
    this.#pauses += 1;
  }

  /** Returns how long it lasted, 0 when there was none. */
  end(nowMs: number): number {
    if (this.#sinceMs === undefined) return 0;
    const lastedMs = Math.min(limitMs, nowMs - this.#sinceMs);
    this.#sinceMs = undefined;
    this.#pausedMs += lastedMs;
    return lastedMs;
  }

  /** The caller does talk. Returns like `end`. */
  decide(nowMs: number): number {
    this.#decidedAtMs = nowMs;
    return this.end(nowMs);
  }

  /** Whether nobody has ended it in time; returns like `end` when that is so. */
  expire(nowMs: number): number {
    if (this.#sinceMs === undefined || nowMs - this.#sinceMs < limitMs) return 0;
    this.#expired += 1;
    return this.end(nowMs);
  }
}

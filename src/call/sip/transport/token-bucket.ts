/** So many at once, so many a second: holds back answers that a peer could make us send without end. */
import type { Clock } from "../../../core/clock.ts";

export interface TokenBucketOptions {
  readonly clock: Clock;
  readonly perSecond: number;
  readonly burst: number;
}

export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAtMs: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAtMs = options.clock.nowMs();
  }

  /** True when there was one to take. */
  take(): boolean {
    const { clock, perSecond, burst } = this.#options;
    const nowMs = clock.nowMs();
    const grown = this.#tokens + ((nowMs - this.#filledAtMs) * perSecond) / 1000;
    this.#tokens = Math.min(burst, grown);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

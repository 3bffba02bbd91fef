/** When a service that ended by itself is started again, and when that is given up: pure. */

export interface ServiceEnd {
  /** From its start to its end. */
  readonly livedMs: number;
  /** Null when a signal ended it. */
  readonly code: number | null;
}

export type RestartVerdict =
  { readonly kind: "wait"; readonly delayMs: number } | { readonly kind: "give-up" };

export interface RestartRules {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Who lived that long has proved to work: the next failure counts as the first. */
  readonly provenMs: number;
  /** So many ends in a row, each before it had proved to work, are enough. */
  readonly maxQuickEnds: number;
}

const usualRules: RestartRules = {
  firstDelayMs: 500,
  longestDelayMs: 30_000,
  provenMs: 60_000,
  maxQuickEnds: 5,
};

/** Exit code of a command line or configuration that will be as wrong at the next start. */
export const wrongUsageCode = 2;

export class RestartPolicy {
  readonly #rules: RestartRules;
  #quickEnds = 0;

  constructor(rules: RestartRules = usualRules) {
    this.#rules = rules;
  }

  /** Ends in a row, each soon after its start. */
  get quickEnds(): number {
    return this.#quickEnds;
  }

  /** A person starts it: what was before does not count. */
  reset(): void {
    this.#quickEnds = 0;
  }

  ended({ livedMs, code }: ServiceEnd): RestartVerdict {
    const { firstDelayMs, longestDelayMs, provenMs, maxQuickEnds } = this.#rules;
    if (code === wrongUsageCode) return { kind: "give-up" };
    if (livedMs >= provenMs) {
      this.#quickEnds = 0;
      return { kind: "wait", delayMs: firstDelayMs };
    }
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#quickEnds);
    this.#quickEnds += 1;
    return this.#quickEnds >= maxQuickEnds ? { kind: "give-up" } : { kind: "wait", delayMs };
  }
}

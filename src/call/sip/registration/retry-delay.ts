/** When a failed registration is tried again. */

/**
 * away: nobody answers or the way is broken; trouble: the PBX answers that it cannot now; refused: it
 * does not want us, and that will not change by asking.
 */
export type FailureKind = "away" | "trouble" | "refused";

export interface Failure {
  readonly kind: FailureKind;
  /** How many of this kind in a row, from 1. */
  readonly count: number;
  /** What the PBX asked for in Retry-After. */
  readonly retryAfterMs: number | undefined;
  /** This password was right before, so that the PBX may just not have read all of its settings yet. */
  readonly wasRegistered: boolean;
}

/** Lowest and highest delay by count; the last pair stands for all further ones. */
type Ladder = readonly (readonly [lowestMs: number, highestMs: number])[];

/** At most 4 s, so that a line is back within 5 s of its PBX; about 1,100 packets an hour over UDP. */
const awayLadder: Ladder = [
  [500, 1500],
  [1500, 2500],
  [2500, 3900],
];

const troubleLadder: Ladder = [
  [1500, 2500],
  [3500, 4500],
  [7000, 9000],
  [14_000, 18_000],
  [27_000, 33_000],
];

/** Slow enough that the guards which PBXs keep against guessed passwords do not lock us out. */
const refusedLadder: Ladder = [
  [60_000, 70_000],
  [120_000, 140_000],
  [240_000, 280_000],
  [600_000, 660_000],
];

const ladders: Readonly<Record<FailureKind, Ladder>> = {
  away: awayLadder,
  trouble: troubleLadder,
  refused: refusedLadder,
};

const shortestRetryAfterMs = 1000;
const longestRetryAfterMs = 1_800_000;
/** Lines that were told the same Retry-After do not all come back in the same moment. */
const retryAfterSpread = 0.1;

/** `random` gives 0 up to 1. */
export function retryDelayMs(failure: Failure, random: () => number): number {
  const { kind, count, retryAfterMs, wasRegistered } = failure;
  if (retryAfterMs !== undefined) {
    const bounded = Math.min(Math.max(retryAfterMs, shortestRetryAfterMs), longestRetryAfterMs);
    return Math.round(bounded * (1 + retryAfterSpread * random()));
  }
  const isFirstDoubt = kind === "refused" && wasRegistered;
  if (isFirstDoubt && count === 1) return pick(troubleLadder, 2, random);
  return pick(ladders[kind], isFirstDoubt ? count - 1 : count, random);
}

function pick(ladder: Ladder, count: number, random: () => number): number {
  const [lowestMs, highestMs] = ladder[Math.min(count, ladder.length) - 1] ?? [1000, 1000];
  return Math.round(lowestMs + (highestMs - lowestMs) * random());
}

/** A registration that lives this long was a good one: the next failure starts the back-off anew. */
const stableMs = 10_000;

/** Counts the failures of one line. */
export class BackOff {
  #kind: FailureKind | undefined;
  #count = 0;
  #grantedAtMs: number | undefined;
  #wasRegistered = false;

  granted(nowMs: number): void {
    this.#grantedAtMs = nowMs;
    this.#wasRegistered = true;
  }

  /** The delay before the next try. */
  failed(
    { kind, retryAfterMs }: Pick<Failure, "kind" | "retryAfterMs">,
    nowMs: number,
    random: () => number,
  ): number {
    const wasStable = nowMs - (this.#grantedAtMs ?? nowMs) >= stableMs;
    this.#grantedAtMs = undefined;
    this.#count = kind === this.#kind && !wasStable ? this.#count + 1 : 1;
    this.#kind = kind;
    const wasRegistered = this.#wasRegistered;
    return retryDelayMs({ kind, count: this.#count, retryAfterMs, wasRegistered }, random);
  }
}

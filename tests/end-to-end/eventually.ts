/** Bounded waiting for a condition: the only way in which these tests let time pass. */

/**
 * For `setDefaultTimeout` in each test file: every wait has a limit of its own that says what was
 * awaited, so the test's limit must never be the first to strike.
 */
export const testLimitMs = 60_000;

const pollEveryMs = 5;
/** A machine that stands still, as virtual ones do, uses up no more of a limit than this. */
const longestStepMs = 250;

export interface Expectation<T> {
  /** What is awaited, as the end of "waited 5000 ms for …". */
  readonly what: string;
  readonly limitMs?: number;
  /** Undefined or false: not yet. */
  readonly probe: () => T | undefined | false | Promise<T | undefined | false>;
  /** What is known when the wait was in vain. */
  readonly explain?: () => string;
}

export const defaultLimitMs = 10_000;

/** Resolves with the first answer of `probe`; throws with what `explain` tells when there is none. */
export async function eventually<T>(expectation: Expectation<T>): Promise<T> {
  const { what, limitMs = defaultLimitMs, probe, explain } = expectation;
  let waitedMs = 0;
  for (;;) {
    const startedMs = performance.now();
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (waitedMs >= limitMs) {
      const known = explain === undefined ? "" : `\n${explain()}`;
      throw new Error(`waited ${limitMs} ms for ${what}${known}`);
    }
    await Bun.sleep(pollEveryMs);
    waitedMs += Math.min(performance.now() - startedMs, longestStepMs);
  }
}

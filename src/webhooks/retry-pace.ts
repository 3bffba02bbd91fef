/** How long a webhook waits before it is tried again; pure. */

export interface Pace {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Of one message that its receiver refuses while it takes others. */
export const messagePace: Pace = { firstMs: 5000, longestMs: 3600_000 };
/** Of a receiver that takes nothing: once it is back, it is found within so long. */
export const receiverPace: Pace = { firstMs: 2000, longestMs: 300_000 };
/** A message that nobody took for so long is given up. */
export const giveUpAfterMs = 3 * 24 * 3600_000;

const jitter = 0.2;
const maxDoublings = 30;

/** After that many failures in a row, a fifth more or less, so that receivers are not met all at once. */
export function pauseMs(failures: number, pace: Pace, random: () => number): number {
  const doublings = Math.min(Math.max(failures - 1, 0), maxDoublings);
  const wholeMs = Math.min(pace.longestMs, pace.firstMs * 2 ** doublings);
  return Math.round(wholeMs * (1 - jitter + 2 * jitter * random()));
}

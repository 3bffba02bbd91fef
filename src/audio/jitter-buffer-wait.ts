/** How long a packet that is overdue is worth waiting for, from how unevenly the others came. */

export interface WaitLimits {
  readonly minWaitMs: number;
  readonly maxWaitMs: number;
}

/** Before anything is known about the network. */
const unknownPackets = 50;
const unknownWaitMs = 80;

/** The delay that all but 3 % of the packets stay below. */
const share = 0.97;
const marginMs = 5;
const binMs = 5;
const bins = 64;

/** What a packet counts falls to 1/e within this many packets. */
const memoryPackets = 500;
const growth = Math.exp(1 / memoryPackets);
/** A packet that others have overtaken is remembered for longer: about half a minute. */
const overtakenDecay = Math.exp(-1 / (4 * memoryPackets));
/** The quickest packet of a span this long stands for no delay at all; clocks drift, and routes change. */
const baseSpanMs = 5000;

/**
 * Grows at once when a packet has been overtaken, and within seconds with the spread of the delays; shrinks
 * more slowly.
 */
export class WaitEstimate {
  readonly #limits: WaitLimits;
  readonly #histogram = new Float64Array(bins);
  #total = 0;
  #weight = 1;
  #packets = 0;
  #spreadMs = 0;
  #overtakenMs = 0;
  #baseMs = Number.POSITIVE_INFINITY;
  #previousBaseMs = Number.POSITIVE_INFINITY;
  #baseSinceMs = 0;

  constructor(limits: WaitLimits) {
    this.#limits = limits;
  }

  get waitMs(): number {
    const { minWaitMs, maxWaitMs } = this.#limits;
    const knownMs = Math.max(this.#spreadMs + marginMs, this.#overtakenMs);
    const wantedMs = this.#packets < unknownPackets ? Math.max(unknownWaitMs, knownMs) : knownMs;
    return Math.min(Math.max(wantedMs, minWaitMs), maxWaitMs);
  }

  /** The clock of another sender has no relation to that of the one before. */
  restart(): void {
    this.#baseMs = Number.POSITIVE_INFINITY;
    this.#previousBaseMs = Number.POSITIVE_INFINITY;
  }

  /** A packet that belongs to `mediaMs` of the sender's clock came at `arrivalMs` of ours. */
  observe(mediaMs: number, arrivalMs: number): void {
    const delayMs = this.#delayMs(mediaMs, arrivalMs);
    const bin = Math.min(Math.floor(delayMs / binMs), bins - 1);
    // New packets weigh more, instead of all old ones less.
    this.#weight *= growth;
    this.#histogram[bin] = (this.#histogram[bin] ?? 0) + this.#weight;
    this.#total += this.#weight;
    this.#packets += 1;
    this.#overtakenMs *= overtakenDecay;
    if (this.#weight > 1e6) this.#rescale();
    this.#spreadMs = this.#percentileMs();
  }

  /** A packet came after others that were sent later: so long must be waited for the next of its kind. */
  observeOvertaken(mediaMs: number, arrivalMs: number): void {
    this.#overtakenMs = Math.max(this.#overtakenMs, this.#delayMs(mediaMs, arrivalMs) + marginMs);
    this.#overtakenMs = Math.min(this.#overtakenMs, this.#limits.maxWaitMs);
  }

  /** Beyond the delay of the quickest packets. */
  #delayMs(mediaMs: number, arrivalMs: number): number {
    const transitMs = arrivalMs - mediaMs;
    if (arrivalMs - this.#baseSinceMs > baseSpanMs) {
      this.#previousBaseMs = this.#baseMs;
      this.#baseMs = Number.POSITIVE_INFINITY;
      this.#baseSinceMs = arrivalMs;
    }
    this.#baseMs = Math.min(this.#baseMs, transitMs);
    return transitMs - Math.min(this.#baseMs, this.#previousBaseMs);
  }

  #percentileMs(): number {
    let above = this.#total * (1 - share);
    let bin = bins;
    while (bin > 0 && above >= 0) {
      bin -= 1;
      above -= this.#histogram[bin] ?? 0;
    }
    return (bin + 1) * binMs;
  }

  #rescale(): void {
    for (let bin = 0; bin < bins; bin += 1) {
      this.#histogram[bin] = (this.#histogram[bin] ?? 0) / this.#weight;
    }
    this.#total /= this.#weight;
    this.#weight = 1;
  }
}

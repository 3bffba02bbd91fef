/** What arrives from one source: order, loss, duplicates and jitter (RFC 3550 section 6.4 and appendix A). */
import { distance16, distance32 } from "./serial-numbers.ts";

/**
 * new: in order, perhaps after a gap; late: overtaken by others, and missing until now; duplicate:
 * was here already; stray: far from where the source is, alone; restart: the second such packet in a
 * row, so the source counts anew from here.
 */
export type Arrival = "new" | "late" | "duplicate" | "stray" | "restart";

/** Gaps up to this are loss, larger ones a new beginning (RFC 3550 appendix A.1, MAX_DROPOUT). */
const longestGap = 3000;
/** How far back a packet is recognised. */
const memory = 512;
const samplesPerMs = 8;
/** Arrival that is off by more says that the source's timestamps jumped, which is no jitter. */
const longestDeviationMs = 1000;

export interface ReceptionCounts {
  readonly received: number;
  readonly lost: number;
  readonly late: number;
  readonly duplicates: number;
}

/** The part of a reception report that is known here. */
export interface LossReport {
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  readonly jitter: number;
}

export class Reception {
  /** Sequence numbers with the count of their cycles, at the place of their low bits; -1 for none. */
  readonly #seen = new Float64Array(memory).fill(-1);
  #base = -1;
  #highest = -1;
  #received = 0;
  #late = 0;
  #duplicates = 0;
  /** The number that would confirm a jump. */
  #suspect = -1;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #jitterMs = 0;
  #lastArrivalMs = -1;
  #lastTimestamp = 0;

  get jitterMs(): number {
    return this.#jitterMs;
  }

  get counts(): ReceptionCounts {
    return {
      received: this.#received,
      lost: this.#expected - this.#received,
      late: this.#late,
      duplicates: this.#duplicates,
    };
  }

  /** After `restart` nothing is counted: the caller starts with a new Reception and this packet. */
  note(sequence: number): Arrival {
    // The first cycle is 1, so that a packet from before the first one has a number too.
    if (this.#highest < 0) return this.#begin(sequence + 0x1_0000);
    const distance = distance16(this.#highest & 0xffff, sequence);
    if (distance <= -memory || distance >= longestGap) return this.#jump(sequence);
    const extended = this.#highest + distance;
    this.#suspect = -1;
    if (this.#seen[extended % memory] === extended) {
      this.#duplicates += 1;
      return "duplicate";
    }
    this.#seen[extended % memory] = extended;
    this.#received += 1;
    if (distance > 0) {
      this.#highest = extended;
      return "new";
    }
    this.#late += 1;
    this.#base = Math.min(this.#base, extended);
    return "late";
  }

  /** Only for packets whose timestamp is the time of their sound, in order: not for telephone events. */
  noteTiming(timestamp: number, arrivalMs: number): void {
    if (this.#lastArrivalMs >= 0) {
      const spacingMs = distance32(this.#lastTimestamp, timestamp) / samplesPerMs;
      const deviationMs = Math.abs(arrivalMs - this.#lastArrivalMs - spacingMs);
      if (deviationMs < longestDeviationMs) {
        this.#jitterMs += (deviationMs - this.#jitterMs) / 16;
      }
    }
    this.#lastArrivalMs = arrivalMs;
    this.#lastTimestamp = timestamp;
  }

  /** For RTCP; the fraction is that since the last call. */
  takeReport(): LossReport {
    const expected = this.#expected - this.#expectedBefore;
    const received = this.#received - this.#receivedBefore;
    this.#expectedBefore = this.#expected;
    this.#receivedBefore = this.#received;
    const lost = expected - received;
    return {
      fractionLost: lost > 0 ? Math.min(255, Math.floor((lost * 256) / expected)) : 0,
      cumulativeLost: this.#expected - this.#received,
      highestSequence: this.#highest < 0 ? 0 : (this.#highest - 0x1_0000) % 0x1_0000_0000,
      jitter: Math.round(this.#jitterMs * samplesPerMs),
    };
  }

  get #expected(): number {
    return this.#highest < 0 ? 0 : this.#highest - this.#base + 1;
  }

  #begin(extended: number): Arrival {
    this.#base = extended;
    this.#highest = extended;
    this.#seen[extended % memory] = extended;
    this.#received = 1;
    return "new";
  }

  #jump(sequence: number): Arrival {
    if (sequence === this.#suspect) return "restart";
    this.#suspect = (sequence + 1) & 0xffff;
    return "stray";
  }
}

/**
 * The two sides of a call on one time line: what came from the caller on the left, what the caller was played
 * on the right, as G.711 µ-law. The line's own frames are the clock; pure.
 */
import { encodeMuLaw } from "./g711.ts";
import { levelDbfs } from "./level.ts";

/** What the caller's side may lag behind before silence stands in for it. */
const patienceMs = 600;
/** What it may be ahead, after a delay of the network; more is given up. */
const aheadMs = 1500;
/** What it may be ahead for good: of more, its pauses are left out until it is in step again. */
const stepMs = 100;
const pauseDbfs = -50;
const silence = 0xff;

export class StereoMix {
  readonly #patience: number;
  readonly #step: number;
  readonly #capacity: number;
  readonly #caller: Uint8Array;
  readonly #line: Uint8Array;
  #callerFilled = 0;
  #lineFilled = 0;

  /** `pieceMs`: how much is at least taken out at a time. */
  constructor(rateHz: number, pieceMs: number) {
    this.#patience = (rateHz / 1000) * patienceMs;
    this.#step = (rateHz / 1000) * stepMs;
    this.#capacity = (rateHz / 1000) * (pieceMs + patienceMs + aheadMs);
    this.#caller = new Uint8Array(this.#capacity);
    this.#line = new Uint8Array(this.#capacity);
  }

  /** Samples of each side that can be taken. */
  get ready(): number {
    return Math.min(this.#callerFilled, this.#lineFilled);
  }

  fromCaller(samples: Float32Array): void {
    const isAhead = this.#callerFilled - this.#lineFilled > this.#step;
    if (isAhead && levelDbfs(samples) < pauseDbfs) return;
    const room = Math.min(samples.length, this.#capacity - this.#callerFilled);
    encodeMuLaw(samples.subarray(0, room), this.#caller.subarray(this.#callerFilled));
    this.#callerFilled += room;
  }

  /** A frame period is over, in which the caller was played this, or nothing. */
  toCaller(samples: Float32Array | undefined, length: number): void {
    const room = Math.min(length, this.#capacity - this.#lineFilled);
    const free = this.#line.subarray(this.#lineFilled, this.#lineFilled + room);
    // A resampler that has only begun gives less than a whole period.
    const given = Math.min(samples?.length ?? 0, room);
    if (samples !== undefined) encodeMuLaw(samples.subarray(0, given), free);
    free.fill(silence, given);
    this.#lineFilled += room;
    const due = this.#lineFilled - this.#patience;
    if (this.#callerFilled < due) this.#fillCaller(due);
  }

  /** The call is over: what one side lacks is silence. */
  finish(): void {
    this.#fillCaller(this.#lineFilled);
  }

  /** All that is ready, left and right in turn. */
  take(): Uint8Array {
    const count = this.ready;
    const bytes = new Uint8Array(2 * count);
    for (let index = 0; index < count; index += 1) {
      bytes[2 * index] = this.#caller[index] ?? silence;
      bytes[2 * index + 1] = this.#line[index] ?? silence;
    }
    this.#caller.copyWithin(0, count, this.#callerFilled);
    this.#line.copyWithin(0, count, this.#lineFilled);
    this.#callerFilled -= count;
    this.#lineFilled -= count;
    return bytes;
  }

  #fillCaller(upTo: number): void {
    if (upTo <= this.#callerFilled) return;
    this.#caller.fill(silence, this.#callerFilled, upTo);
    this.#callerFilled = upTo;
  }
}

/** Where a jitter buffer is in the time of its stream, and what lies between the packets. */
import type { JitterBufferCounters } from "./jitter-buffer-counters.ts";

/** The RTP clock of all formats, and the bytes of their payloads. */
export const ticksPerMs = 8;
/** The most that is given at a time. */
export const frameMs = 20;
export const frameTicks = frameMs * ticksPerMs;
/** A longer gap in the timestamps is a new beginning and no pause. */
const maxGapTicks = 1000 * ticksPerMs;

export class JitterTimeline {
  readonly #counters: JitterBufferCounters;
  readonly #holdMs: number;
  /** Extended timestamp of what is to be given next. */
  #position = 0;
  #missingTicks = 0;
  #silentTicks = 0;
  /** Up to when sound or silence has been given; undefined before the first packet. */
  #givenUntilMs: number | undefined;
  /** Silence is given as time goes on. */
  #isFilling = false;
  /** Silence of that kind since the last sound. */
  #filledTicks = 0;

  constructor(counters: JitterBufferCounters, holdMs: number) {
    this.#counters = counters;
    this.#holdMs = holdMs;
  }

  /** The stream begins, or begins anew, with this timestamp. */
  start(timestamp: number, nowMs: number): void {
    this.moveTo(timestamp);
    this.#givenUntilMs ??= nowMs;
  }

  moveTo(timestamp: number): void {
    this.#position = timestamp;
    this.#missingTicks = 0;
    this.#silentTicks = 0;
  }

  /** The next packet is `timestamp`: what is before it was lost with so many ticks of packets, or a pause. */
  closeGap(timestamp: number, ticksOfLost: number): void {
    const gap = timestamp - this.#position;
    const lostTicks = Math.min(ticksOfLost, maxGapTicks);
    this.#position = timestamp;
    if (gap < -this.#filledTicks || gap > maxGapTicks + lostTicks) {
      this.#counters.jumps += 1;
      this.#missingTicks = lostTicks;
    } else if (gap < 0) {
      this.#counters.insertedMs -= gap / ticksPerMs;
    } else {
      this.#missingTicks = Math.min(gap, lostTicks);
      this.#silentTicks = gap - this.#missingTicks;
    }
  }

  get hasGap(): boolean {
    return this.#missingTicks > 0 || this.#silentTicks > 0;
  }

  /** How many ticks of the gap are missing sound, of which the next piece is given; 0 for none. */
  takeMissing(nowMs: number): number {
    const ticks = Math.min(this.#missingTicks, frameTicks);
    if (ticks === 0) return 0;
    this.#missingTicks -= ticks;
    this.#counters.missingMs += ticks / ticksPerMs;
    this.#givenUntilMs = nowMs;
    return ticks;
  }

  /** The same for silence. */
  takeSilence(nowMs: number): number {
    const ticks = Math.min(this.#silentTicks, frameTicks);
    if (ticks === 0) return 0;
    this.#silentTicks -= ticks;
    this.#counters.silenceMs += ticks / ticksPerMs;
    this.#givenUntilMs = nowMs;
    return ticks;
  }

  /** Sound was given. */
  heard(ticks: number, nowMs: number): void {
    this.#position += ticks;
    this.#isFilling = false;
    this.#filledTicks = 0;
    this.#givenUntilMs = nowMs;
  }

  /** The peer has said that it is silent: nothing is waited for. */
  fallSilent(): void {
    this.#isFilling = true;
  }

  /**
   * When nothing has come for a while, silence is given for all of that time, and then as time goes on. A
   * shorter interruption leaves no trace, since what it held up is given without a gap. Returns ticks.
   */
  fill(nowMs: number): number {
    if (this.#givenUntilMs === undefined) return 0;
    const owedMs = nowMs - this.#givenUntilMs;
    if (owedMs < (this.#isFilling ? frameMs : this.#holdMs)) return 0;
    this.#isFilling = true;
    this.#givenUntilMs += frameMs;
    this.#position += frameTicks;
    this.#filledTicks += frameTicks;
    this.#counters.silenceMs += frameMs;
    return frameTicks;
  }
}

/** What a browser sends as sound: only whole samples, and no faster than a person can speak; pure. */
import { talkRateHz } from "../web/talk/talk-events.ts";

export interface BrowserInputCounts {
  readonly framesIn: number;
  /** No sound: odd, empty, or too long. */
  readonly framesBad: number;
  /** Faster than sound comes. */
  readonly framesFlooded: number;
  readonly textsBad: number;
}

/** A frame is 20 ms; a browser that was held up may send several as one. */
const longestFrameMs = 200;
/** However short it is, a frame counts as this much, so that crumbs are a flood too. */
const leastFrameMs = 10;
/** Clocks differ, and what waited in a network comes at once. */
const speed = 1.2;
const burstMs = 3000;
/** Programs that send other things are better told so. */
const maxBad = 50;
const maxFloodedMs = 20_000;
const maxBadTexts = 20;
const samplesPerMs = talkRateHz / 1000;
const fullScale = 32_768;

export class BrowserInput {
  #samples = new Float32Array(longestFrameMs * samplesPerMs);
  #allowedMs = burstMs;
  #lastMs: number;
  #floodedMs = 0;
  #framesIn = 0;
  #framesBad = 0;
  #framesFlooded = 0;
  #textsBad = 0;

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  get counts(): BrowserInputCounts {
    return {
      framesIn: this.#framesIn,
      framesBad: this.#framesBad,
      framesFlooded: this.#framesFlooded,
      textsBad: this.#textsBad,
    };
  }

  /** Why the call cannot go on; undefined while it can. */
  get offence(): string | undefined {
    if (this.#framesBad > maxBad) return "the browser sends frames that are no sound";
    if (this.#floodedMs > maxFloodedMs) return "the browser sends sound faster than it is spoken";
    if (this.#textsBad > maxBadTexts) return "the browser sends texts that mean nothing";
    return undefined;
  }

  /** The sound of a frame, -1..1, in a reused buffer; undefined when it is dropped. */
  take(frame: Uint8Array, nowMs: number): Float32Array | undefined {
    const count = frame.length / 2;
    if (!Number.isInteger(count) || count === 0 || count > this.#samples.length) {
      this.#framesBad += 1;
      return undefined;
    }
    const frameMs = Math.max(leastFrameMs, count / samplesPerMs);
    if (!this.#isAllowed(frameMs, nowMs)) return undefined;
    this.#framesIn += 1;
    return this.#decode(frame, count);
  }

  badText(): void {
    this.#textsBad += 1;
  }

  #isAllowed(frameMs: number, nowMs: number): boolean {
    const sinceMs = Math.max(0, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#allowedMs = Math.min(burstMs, this.#allowedMs + sinceMs * speed);
    if (frameMs > this.#allowedMs) {
      this.#framesFlooded += 1;
      this.#floodedMs += frameMs;
      return false;
    }
    this.#allowedMs -= frameMs;
    return true;
  }

  #decode(frame: Uint8Array, count: number): Float32Array {
    const samples = this.#samples.subarray(0, count);
    for (let index = 0; index < count; index += 1) {
      const low = frame[2 * index] ?? 0;
      const high = frame[2 * index + 1] ?? 0;
      samples[index] = (((high << 24) >> 16) | low) / fullScale;
    }
    return samples;
  }
}

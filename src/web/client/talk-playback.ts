/**
 * Evens out how frames of the agent come, and plays them at the rate of the sound card without clicks:
 * sound begins when a little of it waits, fades out where it breaks off, and never lags far behind; pure.
 */
import { Resampler } from "../../audio/resample.ts";
import { talkRateHz } from "../talk/talk-events.ts";

export interface PlaybackStatus {
  readonly waitingMs: number;
  /** Times that sound ran out, also at the end of what was said. */
  readonly breaks: number;
  /** Left out, since too much waited. */
  readonly droppedMs: number;
}

/** Frames come every 20 ms, a few milliseconds early or late. */
const cushionMs = 60;
/** What comes in one piece after a hitch is shortened to the cushion above this. */
const mostMs = 400;
const fadeMs = 5;
const fullScale = 32_768;

/** Why sound fades out: nothing is left, it shall not be heard, or some of it is left out. */
type Leaving = "empty" | "flush" | "late";

export class PlaybackBuffer {
  readonly #rateHz: number;
  readonly #resampler: Resampler | undefined;
  readonly #fadeSamples: number;
  readonly #ring: Float32Array;
  #converted = new Float32Array(0);
  #first = 0;
  #length = 0;
  #isPlaying = false;
  /** Samples of silence until sound begins, though the cushion is not full. */
  #patience = 0;
  #leaving: Leaving | undefined;
  #gain = 0;
  #breaks = 0;
  #dropped = 0;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
    if (rateHz !== talkRateHz)
      this.#resampler = new Resampler({ fromHz: talkRateHz, toHz: rateHz });
    this.#fadeSamples = this.#samplesIn(fadeMs);
    this.#ring = new Float32Array(this.#samplesIn(2 * mostMs));
  }

  get status(): PlaybackStatus {
    const perMs = this.#rateHz / 1000;
    return {
      waitingMs: this.#length / perMs,
      breaks: this.#breaks,
      droppedMs: this.#dropped / perMs,
    };
  }

  /** A frame of the line. */
  push(frame: Int16Array): void {
    if (this.#converted.length < frame.length) this.#converted = new Float32Array(frame.length);
    const samples = this.#converted.subarray(0, frame.length);
    for (const [index, value] of frame.entries()) samples[index] = value / fullScale;
    if (this.#length === 0 && !this.#isPlaying) this.#patience = this.#samplesIn(cushionMs);
    this.#append(this.#resampler?.process(samples) ?? samples);
    if (this.#length > this.#samplesIn(mostMs) && this.#isPlaying) this.#leaving ??= "late";
    // What was about to run out goes on.
    if (this.#leaving === "empty" && this.#length > 2 * this.#fadeSamples)
      this.#leaving = undefined;
  }

  /** Fills `out`, with silence where there is nothing. */
  pull(out: Float32Array): void {
    for (let index = 0; index < out.length; index += 1) out[index] = this.#next();
  }

  /** What waits shall not be heard. */
  flush(): void {
    if (this.#isPlaying) this.#leaving = "flush";
    else this.#clear();
  }

  #next(): number {
    if (!this.#isPlaying && !this.#begins()) return 0;
    if (this.#length <= this.#fadeSamples) this.#leaving ??= "empty";
    this.#fade();
    const sample = this.#shift() * this.#gain;
    if (this.#gain <= 0) this.#left();
    return sample;
  }

  #begins(): boolean {
    if (this.#length === 0) return false;
    this.#patience -= 1;
    if (this.#patience > 0 && this.#length < this.#samplesIn(cushionMs)) return false;
    this.#isPlaying = true;
    this.#gain = 0;
    return true;
  }

  #fade(): void {
    const step = 1 / this.#fadeSamples;
    const towards = this.#leaving === undefined ? step : -step;
    this.#gain = Math.min(1, Math.max(0, this.#gain + towards));
  }

  /** The fade is over. */
  #left(): void {
    const why = this.#leaving;
    this.#leaving = undefined;
    if (why === "late") {
      this.#drop(this.#length - this.#samplesIn(cushionMs));
      return;
    }
    this.#breaks += 1;
    this.#isPlaying = false;
    if (why === "flush" || this.#length <= this.#fadeSamples) this.#clear();
    else this.#patience = this.#samplesIn(cushionMs);
  }

  #clear(): void {
    this.#length = 0;
    // Its last milliseconds belong to what has faded out.
    this.#resampler?.reset();
  }

  #drop(count: number): void {
    if (count <= 0) return;
    this.#first = (this.#first + count) % this.#ring.length;
    this.#length -= count;
    this.#dropped += count;
  }

  #shift(): number {
    if (this.#length === 0) return 0;
    const sample = this.#ring[this.#first] ?? 0;
    this.#first = (this.#first + 1) % this.#ring.length;
    this.#length -= 1;
    return sample;
  }

  #append(samples: Float32Array): void {
    for (const sample of samples) {
      if (this.#length === this.#ring.length) {
        this.#dropped += 1;
        continue;
      }
      this.#ring[(this.#first + this.#length) % this.#ring.length] = sample;
      this.#length += 1;
    }
  }

  #samplesIn(ms: number): number {
    return Math.round((ms * this.#rateHz) / 1000);
  }
}

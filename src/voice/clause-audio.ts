/**
 * The sound of one clause between synthesis and delivery: the silence that engines put around it is
 * taken off, and its ends are faded, so that seams are silent and pauses are ours to choose.
 */
import { SpeechLevelMeter } from "./speech-level.ts";

/** Quieter than -48 dBFS is silence. */
const silence = 0.004;
const leadMs = 5;
/** A click of the voice before its first word is no sound yet: so many samples within 5 ms are. */
const onsetMs = 5;
const onsetSamples = 6;
const tailMs = 30;
/** A pause within a clause is handed on once it is certain that it is not its end, or this long. */
const pauseLimitMs = 300;
const fadeInMs = 4;
const fadeOutMs = 10;

export class ClauseAudio {
  readonly meter: SpeechLevelMeter;
  readonly #lead: number;
  readonly #onset: number;
  readonly #tail: number;
  readonly #pauseLimit: number;
  readonly #fadeIn: number;
  readonly #fadeOut: number;
  #samples: Float32Array;
  #length = 0;
  #readAt = 0;
  /** Behind the last sample that is no silence; 0: there was none. */
  #soundEnd = 0;
  #isFinished = false;

  constructor(rateHz: number) {
    const samplesOf = (ms: number): number => Math.round((ms * rateHz) / 1000);
    this.meter = new SpeechLevelMeter(rateHz);
    this.#lead = samplesOf(leadMs);
    this.#onset = samplesOf(onsetMs);
    this.#tail = samplesOf(tailMs);
    this.#pauseLimit = samplesOf(pauseLimitMs);
    this.#fadeIn = samplesOf(fadeInMs);
    this.#fadeOut = samplesOf(fadeOutMs);
    this.#samples = new Float32Array(rateHz);
  }

  /** Handed on so far. */
  get readSamples(): number {
    return this.#readAt;
  }

  /** Synthesised so far, without the silence around it. */
  get length(): number {
    return this.#length;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get isExhausted(): boolean {
    return this.#isFinished && this.#readAt === this.#length;
  }

  /** What can be read now. As long as more may come, enough is held back to end it softly. */
  get available(): number {
    if (this.#isFinished) return this.#length - this.#readAt;
    const quiet = Math.min(this.#pauseLimit, this.#length - this.#soundEnd);
    return Math.max(0, this.#length - Math.max(quiet, this.#fadeOut) - this.#readAt);
  }

  append(samples: Float32Array): void {
    this.meter.add(samples);
    const hadSound = this.#soundEnd > 0;
    this.#reserve(this.#length + samples.length);
    this.#samples.set(samples, this.#length);
    const from = this.#length;
    this.#length += samples.length;
    this.#findSoundEnd(from);
    if (!hadSound) this.#dropLead(from);
  }

  /** Nothing follows. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const end = this.#soundEnd === 0 ? 0 : this.#soundEnd + this.#tail;
    this.#length = Math.max(this.#readAt, Math.min(this.#length, end));
  }

  /** Forgets all; only while nothing was read. */
  clear(): void {
    this.#length = 0;
    this.#soundEnd = 0;
  }

  /** Moves the next samples to the beginning of `out`; returns how many. */
  read(out: Float32Array, limit: number): number {
    const count = Math.min(limit, this.available);
    for (let index = 0; index < count; index += 1) {
      const at = this.#readAt + index;
      out[index] = (this.#samples[at] ?? 0) * this.#fadeAt(at);
    }
    this.#readAt += count;
    return count;
  }

  #fadeAt(at: number): number {
    const fromStart = Math.min(1, (at + 1) / this.#fadeIn);
    const toEnd = this.#isFinished ? Math.min(1, (this.#length - 1 - at) / this.#fadeOut) : 1;
    return fromStart * toEnd;
  }

  #findSoundEnd(from: number): void {
    for (let at = this.#length - 1; at >= from; at -= 1) {
      if (Math.abs(this.#samples[at] ?? 0) <= silence) continue;
      this.#soundEnd = at + 1;
      return;
    }
  }

  /** The first sound, if there is any, is in what came from `from` on. */
  #dropLead(from: number): void {
    const start = this.#soundEnd > 0 ? this.#findOnset(from) : this.#length;
    const dropped = Math.max(0, start - this.#lead);
    this.#samples.copyWithin(0, dropped, this.#length);
    this.#length -= dropped;
    this.#soundEnd = Math.max(0, this.#soundEnd - dropped);
  }

  /** Where sound begins that goes on; what was sparse before it is dropped with the lead. */
  #findOnset(from: number): number {
    let loud = 0;
    let start = from;
    for (let at = from; at < this.#length; at += 1) {
      if (Math.abs(this.#samples[at] ?? 0) <= silence) continue;
      if (loud === 0 || at - start > this.#onset) {
        loud = 0;
        start = at;
      }
      loud += 1;
      if (loud >= onsetSamples) return start;
    }
    return loud === 0 ? this.#length : start;
  }

  #reserve(samples: number): void {
    if (samples <= this.#samples.length) return;
    const grown = new Float32Array(Math.max(samples, 2 * this.#samples.length));
    grown.set(this.#samples.subarray(0, this.#length));
    this.#samples = grown;
  }
}

/**
 * Packet-loss concealment in the manner of ITU-T G.711 appendix I: the last pitch periods go on, in more
 * variety and more softly the longer the loss is, and what comes after it is faded in.
 */
import { findPitch, measureResemblance, type PitchSearch } from "./concealment-pitch.ts";

/** Pitch of 66 to 200 Hz; a higher one is found as a multiple of its period. */
const shortestPitchMs = 5;
const longestPitchMs = 15;
/** Shorter than the recommendation's, which takes longer to follow quick changes of the voice. */
const searchWindowMs = 10;
/** Every 10 ms of loss the sound is made of one more period, up to three, so that it does not buzz. */
const stageMs = 10;
const maxPeriods = 3;
/** Full loudness for the first 10 ms, then less and less, and nothing from here on. */
const silentAfterMs = 60;
/** For sound that resembles nothing before it; noise in its place would be twice as wrong as silence. */
const leastLoudness = 0.5;
/** How much longer the fade back takes for each stage of loss. */
const returnGrowthMs = 4;
const maxReturnMs = 10;

/** Conceals the losses of one stream; no delay, and memory of fixed size. */
export class Concealment {
  /** Samples. */
  readonly #stage: number;
  readonly #silentAfter: number;
  readonly #returnGrowth: number;
  readonly #maxReturn: number;
  readonly #search: PitchSearch;
  /** The last sound that was given, heard or made up. */
  readonly #history: Float32Array;
  /** The history when the loss began. */
  readonly #pattern: Float32Array;
  #period = 0;
  /** Samples over which seams are smoothed: a quarter of a period. */
  #overlap = 0;
  /** What the first made-up sample would jump by. */
  #step = 0;
  /** Loudness of what is made up: sound without a pitch is repeated more softly. */
  #loudness = 1;
  /** Samples made up since the loss began. */
  #lost = 0;

  constructor(rateHz: number) {
    const samplesPerMs = rateHz / 1000;
    const longest = longestPitchMs * samplesPerMs;
    this.#stage = stageMs * samplesPerMs;
    this.#silentAfter = silentAfterMs * samplesPerMs;
    this.#returnGrowth = returnGrowthMs * samplesPerMs;
    this.#maxReturn = maxReturnMs * samplesPerMs;
    this.#search = {
      shortest: shortestPitchMs * samplesPerMs,
      longest,
      window: searchWindowMs * samplesPerMs,
      stride: samplesPerMs / 4,
    };
    const length = maxPeriods * longest + Math.ceil(longest / 4);
    this.#history = new Float32Array(length);
    this.#pattern = new Float32Array(length);
  }

  reset(): void {
    this.#history.fill(0);
    this.#lost = 0;
  }

  /** Remembers the first `count` samples; after a loss their beginning is smoothed in place. */
  hear(samples: Float32Array, count: number): void {
    if (this.#lost > 0) this.#fadeBack(samples, count);
    this.#remember(samples, count);
  }

  /** Makes up `count` samples at the beginning of `out`. */
  conceal(out: Float32Array, count: number): void {
    if (this.#lost === 0) this.#prepare();
    for (let index = 0; index < count; index += 1) out[index] = this.#madeUp(this.#lost + index);
    this.#lost += count;
    this.#remember(out, count);
  }

  #prepare(): void {
    const pattern = this.#pattern;
    pattern.set(this.#history);
    this.#period = findPitch(pattern, this.#search);
    this.#overlap = this.#period >> 2;
    const resemblance = measureResemblance(pattern, this.#period, this.#search);
    this.#loudness = leastLoudness + (1 - leastLoudness) * resemblance;
    const end = pattern.length;
    this.#step = (pattern[end - 1] ?? 0) - (pattern[end - 1 - this.#period] ?? 0);
  }

  #fadeBack(samples: Float32Array, count: number): void {
    const stages = Math.floor((this.#lost - 1) / this.#stage);
    const wanted = this.#overlap + stages * this.#returnGrowth;
    const length = Math.min(count, wanted, this.#maxReturn);
    for (let index = 0; index < length; index += 1) {
      const share = (index + 1) / (length + 1);
      const heard = samples[index] ?? 0;
      samples[index] = share * heard + (1 - share) * this.#madeUp(this.#lost + index);
    }
    this.#lost = 0;
  }

  /** The sample `at` after the beginning of the loss. */
  #madeUp(at: number): number {
    const gain = Math.min(1, (this.#silentAfter - at) / (this.#silentAfter - this.#stage));
    if (gain <= 0) return 0;
    const stage = Math.floor(at / this.#stage);
    const periods = Math.min(stage + 1, maxPeriods);
    const sinceStage = at - stage * this.#stage;
    let sample = this.#repeat(periods, at);
    if (sinceStage < this.#overlap) {
      const share = (sinceStage + 1) / (this.#overlap + 1);
      if (stage === 0) sample += (1 - share) * this.#step;
      else if (stage < maxPeriods) {
        sample = share * sample + (1 - share) * this.#repeat(periods - 1, at);
      }
    }
    const softening = Math.min(1, at / this.#overlap) * (1 - this.#loudness);
    return gain * (1 - softening) * sample;
  }

  /** The last `periods` over and over; their end is blended into what came before their beginning. */
  #repeat(periods: number, at: number): number {
    const pattern = this.#pattern;
    const length = periods * this.#period;
    const start = pattern.length - length;
    const phase = at % length;
    const sample = pattern[start + phase] ?? 0;
    const remaining = length - phase;
    if (remaining > this.#overlap) return sample;
    const share = (this.#overlap - remaining + 1) / (this.#overlap + 1);
    return (1 - share) * sample + share * (pattern[start - remaining] ?? 0);
  }

  #remember(samples: Float32Array, count: number): void {
    const history = this.#history;
    const kept = Math.min(count, history.length);
    history.copyWithin(0, kept);
    const at = history.length - kept;
    const from = count - kept;
    for (let index = 0; index < kept; index += 1) history[at + index] = samples[from + index] ?? 0;
  }
}

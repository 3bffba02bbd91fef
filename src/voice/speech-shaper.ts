/** The last steps before the wire: gain that changes slowly, then the limiter; its buffers are reused. */
import type { ClauseAudio } from "./clause-audio.ts";
import { PeakLimiter } from "./peak-limiter.ts";

export interface PieceWish {
  /** Usual length of a piece. */
  readonly samples: number;
  /** A rest shorter than this goes with the piece before it. */
  readonly leastSamples: number;
  readonly gainDb: number;
}

const lookAheadMs = 5;
/** Within a clause; between clauses it may jump, since there is silence. */
const slewDbPerSecond = 6;

export class SpeechShaper {
  readonly #rateHz: number;
  readonly #limiter: PeakLimiter;
  readonly #buffer: Float32Array;
  #gainDb = 0;
  #isAtStart = true;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
    this.#limiter = new PeakLimiter((rateHz * lookAheadMs) / 1000);
    this.#buffer = new Float32Array(rateHz);
  }

  reset(): void {
    this.#limiter.reset();
    this.#isAtStart = true;
  }

  beginClause(): void {
    this.#isAtStart = true;
  }

  /** The next piece of a clause, as long as there is something to read; valid until the next call. */
  speak(audio: ClauseAudio, { samples, leastSamples, gainDb }: PieceWish): Float32Array {
    const rest = audio.available - samples;
    const limit = rest < leastSamples ? samples + Math.max(0, rest) : samples;
    let count = audio.read(this.#buffer, limit);
    this.#applyGain(count, gainDb);
    if (count < leastSamples) {
      this.#buffer.fill(0, count, leastSamples);
      count = leastSamples;
    }
    return this.#limited(count);
  }

  silence(samples: number): Float32Array {
    const count = Math.min(samples, this.#buffer.length);
    this.#buffer.fill(0, 0, count);
    return this.#limited(count);
  }

  #applyGain(count: number, gainDb: number): void {
    if (this.#isAtStart) this.#gainDb = gainDb;
    this.#isAtStart = false;
    const from = toFactor(this.#gainDb);
    const mostDb = (slewDbPerSecond * count) / this.#rateHz;
    this.#gainDb += Math.max(-mostDb, Math.min(mostDb, gainDb - this.#gainDb));
    const to = toFactor(this.#gainDb);
    for (let index = 0; index < count; index += 1) {
      const gain = from + ((to - from) * index) / count;
      this.#buffer[index] = (this.#buffer[index] ?? 0) * gain;
    }
  }

  #limited(count: number): Float32Array {
    const piece = this.#buffer.subarray(0, count);
    this.#limiter.process(piece);
    return piece;
  }
}

function toFactor(decibels: number): number {
  return 10 ** (decibels / 20);
}

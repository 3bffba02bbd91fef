/** From the microphone's samples to frames of the line: its rate, 16 bits, 20 ms each; pure. */
import { Resampler } from "../../audio/resample.ts";
import { talkFrameSamples, talkRateHz } from "../talk/talk-events.ts";

const fullScale = 32_767;

export class CaptureFramer {
  readonly #resampler: Resampler | undefined;
  readonly #emit: (frame: Int16Array<ArrayBuffer>) => void;
  readonly #clean = new Float32Array(4096);
  #frame = new Int16Array(talkFrameSamples);
  #filled = 0;

  /** Each frame is the taker's own. Browsers run on little-endian machines, whose order is the line's. */
  constructor(rateHz: number, emit: (frame: Int16Array<ArrayBuffer>) => void) {
    this.#emit = emit;
    if (rateHz !== talkRateHz)
      this.#resampler = new Resampler({ fromHz: rateHz, toHz: talkRateHz });
  }

  /** Samples of -1..1. */
  write(samples: Float32Array): void {
    for (let at = 0; at < samples.length; at += this.#clean.length) {
      const piece = this.#cleaned(samples.subarray(at, at + this.#clean.length));
      this.#append(this.#resampler?.process(piece) ?? piece);
    }
  }

  /** One that is no number would spoil all that the filter makes of its neighbours. */
  #cleaned(samples: Float32Array): Float32Array {
    for (const [index, sample] of samples.entries()) {
      this.#clean[index] = Number.isFinite(sample) ? sample : 0;
    }
    return this.#clean.subarray(0, samples.length);
  }

  #append(samples: Float32Array): void {
    for (const sample of samples) {
      const limited = Math.max(-1, Math.min(1, sample));
      this.#frame[this.#filled] = Math.round(limited * fullScale);
      this.#filled += 1;
      if (this.#filled === this.#frame.length) this.#give();
    }
  }

  #give(): void {
    const frame = this.#frame;
    this.#frame = new Int16Array(talkFrameSamples);
    this.#filled = 0;
    this.#emit(frame);
  }
}

/** ITU-T G.722 encoder, mode 1 (64 kbit/s): two samples at 16 kHz become each byte. */
import { toLinear16 } from "./g711.ts";
import { G722Band, highBandShape, lowBandShape, saturate16 } from "./g722-band.ts";
import { G722Qmf } from "./g722-qmf.ts";
import {
  highDecision,
  highOutput,
  highScaleSteps,
  lowDecisions,
  lowOutput4,
  lowScaleSteps,
} from "./g722-tables.ts";

/** The encoder of one stream; its state runs on from frame to frame. */
export class G722Encoder {
  readonly #low = new G722Band(lowBandShape);
  readonly #high = new G722Band(highBandShape);
  readonly #qmf = new G722Qmf();

  reset(): void {
    this.#low.reset();
    this.#high.reset();
    this.#qmf.reset();
  }

  /** Writes `count` bytes, made of twice as many samples of -1..1, to the beginning of `out`. */
  encode(samples: Float32Array, count: number, out: Uint8Array): void {
    const qmf = this.#qmf;
    for (let index = 0; index < count; index += 1) {
      qmf.push(toLinear16(samples[2 * index] ?? 0), toLinear16(samples[2 * index + 1] ?? 0));
      const low = saturate16((qmf.secondSum + qmf.firstSum) >> 14);
      const high = saturate16((qmf.secondSum - qmf.firstSum) >> 14);
      out[index] = (this.#encodeHigh(high) << 6) | this.#encodeLow(low);
    }
  }

  #encodeLow(sample: number): number {
    const band = this.#low;
    const code = quantiseLow(saturate16(sample - band.estimate), band.scale);
    const coarse = code >> 2;
    const difference = (band.scale * (lowOutput4[coarse] ?? 0)) >> 15;
    band.adaptScale(lowScaleSteps[coarse] ?? 0);
    band.adaptPredictor(difference);
    return code;
  }

  #encodeHigh(sample: number): number {
    const band = this.#high;
    const difference = saturate16(sample - band.estimate);
    const code = quantiseHigh(difference, band.scale);
    const quantised = (band.scale * (highOutput[code] ?? 0)) >> 15;
    band.adaptScale(highScaleSteps[code] ?? 0);
    band.adaptPredictor(quantised);
    return code;
  }
}

/** Block QUANTL: 30 intervals on each side, of which the innermost negative ones have codes of their own. */
function quantiseLow(difference: number, scale: number): number {
  const magnitude = difference < 0 ? -(difference + 1) : difference;
  let interval = 1;
  while (interval < 30 && magnitude >= ((lowDecisions[interval] ?? 0) * scale) >> 12) interval += 1;
  if (difference >= 0) return 62 - interval;
  return interval < 3 ? 64 - interval : 34 - interval;
}

/** Block QUANTH. */
function quantiseHigh(difference: number, scale: number): number {
  const magnitude = difference < 0 ? -(difference + 1) : difference;
  const isOuter = magnitude >= (highDecision * scale) >> 12;
  if (difference < 0) return isOuter ? 0 : 1;
  return isOuter ? 2 : 3;
}

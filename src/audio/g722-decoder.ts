/** ITU-T G.722 decoder, mode 1 (64 kbit/s): each byte becomes two samples at 16 kHz. */
import { G722Band, highBandShape, lowBandShape, saturate16 } from "./g722-band.ts";
import { G722Qmf } from "./g722-qmf.ts";
import {
  highOutput,
  highScaleSteps,
  lowOutput4,
  lowOutput6,
  lowScaleSteps,
} from "./g722-tables.ts";

const fullScale = 32_768;

/** The decoder of one stream; its state runs on from packet to packet. */
export class G722Decoder {
  readonly #low = new G722Band(lowBandShape);
  readonly #high = new G722Band(highBandShape);
  readonly #qmf = new G722Qmf();

  reset(): void {
    this.#low.reset();
    this.#high.reset();
    this.#qmf.reset();
  }

  /** Writes twice `count` samples, -1..1, to the beginning of `out`. */
  decode(codes: Uint8Array, count: number, out: Float32Array): void {
    const qmf = this.#qmf;
    for (let index = 0; index < count; index += 1) {
      const code = codes[index] ?? 0;
      const low = this.#decodeLow(code & 63);
      const high = this.#decodeHigh(code >> 6);
      qmf.push(low + high, low - high);
      out[2 * index] = saturate16(qmf.secondSum >> 11) / fullScale;
      out[2 * index + 1] = saturate16(qmf.firstSum >> 11) / fullScale;
    }
  }

  #decodeLow(code: number): number {
    const band = this.#low;
    const output = band.estimate + ((band.scale * (lowOutput6[code] ?? 0)) >> 15);
    const coarse = code >> 2;
    const difference = (band.scale * (lowOutput4[coarse] ?? 0)) >> 15;
    band.adaptScale(lowScaleSteps[coarse] ?? 0);
    band.adaptPredictor(difference);
    return limit15(output);
  }

  #decodeHigh(code: number): number {
    const band = this.#high;
    const difference = (band.scale * (highOutput[code] ?? 0)) >> 15;
    const output = band.estimate + difference;
    band.adaptScale(highScaleSteps[code] ?? 0);
    band.adaptPredictor(difference);
    return limit15(output);
  }
}

/** Block LIMIT: a band carries 15 bits. */
function limit15(value: number): number {
  if (value > 16_383) return 16_383;
  return value < -16_384 ? -16_384 : value;
}

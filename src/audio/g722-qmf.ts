/** The quadrature mirror filter of ITU-T G.722, which splits sound into two bands and joins them again. */
import { qmfTaps } from "./g722-tables.ts";

const half = qmfTaps.length;

/**
 * Both halves of the filter run over a stream of their own, at half the rate: the encoder gives them
 * alternate samples, the decoder the sum and the difference of the bands.
 */
export class G722Qmf {
  /** Each value is stored twice, `half` apart, so that the newest `half` always lie in a row. */
  readonly #first = new Int32Array(2 * half);
  readonly #second = new Int32Array(2 * half);
  #newest = 0;
  /** What the filters give for the last values that were pushed. */
  firstSum = 0;
  secondSum = 0;

  reset(): void {
    this.#first.fill(0);
    this.#second.fill(0);
    this.#newest = 0;
    this.firstSum = 0;
    this.secondSum = 0;
  }

  push(first: number, second: number): void {
    const newest = this.#newest === 0 ? half - 1 : this.#newest - 1;
    this.#newest = newest;
    this.#first[newest] = first;
    this.#first[newest + half] = first;
    this.#second[newest] = second;
    this.#second[newest + half] = second;
    let firstSum = 0;
    let secondSum = 0;
    for (let tap = 0; tap < half; tap += 1) {
      const weight = qmfTaps[tap] ?? 0;
      firstSum += (this.#first[newest + half - 1 - tap] ?? 0) * weight;
      secondSum += (this.#second[newest + tap] ?? 0) * weight;
    }
    this.firstSum = firstSum;
    this.secondSum = secondSum;
  }
}

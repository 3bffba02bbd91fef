/** Finds out whether sound that was not predicted is the predicted echo at another time: its delay has jumped. */
import { hopSamples } from "./echo-band.ts";
import type { EchoCanceller } from "./echo-canceller.ts";
import type { EchoSpectra } from "./echo-spectra.ts";

/** Jumps up to this many hops each way are found. */
const jumpHops = 6;
const hops = 2 * jumpHops + 1;
/** Another time must explain the sound so much better than the present one: 4 dB. */
const better = 0.4;
const tiny = 1e-12;

export class EchoJump {
  readonly #canceller: EchoCanceller;
  readonly #spectra: EchoSpectra;
  /** Predictions from the earliest to the latest. */
  readonly #template = new Float64Array(hops * hopSamples);
  #bestAt = 0;
  /** Energy of what was heard that the template explains there. */
  #explained = 0;

  constructor(canceller: EchoCanceller, spectra: EchoSpectra) {
    this.#canceller = canceller;
    this.#spectra = spectra;
  }

  /**
   * By how many samples the echo comes later than predicted; undefined when `heard`, a hop, is no echo.
   * `newest` is the newest hop that the filter reaches, `left` the power that the prediction leaves.
   */
  find(newest: number, heard: Float64Array, left: number): number | undefined {
    const template = this.#template;
    for (let hop = 0; hop < hops; hop += 1) {
      const reached = newest - jumpHops + hop;
      this.#canceller.predict(this.#spectra, reached, template, hop * hopSamples);
    }
    this.#search(heard);
    if (energyOf(heard) - this.#explained > better * left * hopSamples) return undefined;
    return jumpHops * hopSamples - this.#bestAt;
  }

  /** The place in the template that explains most of what was heard. */
  #search(heard: Float64Array): void {
    const template = this.#template;
    const last = template.length - hopSamples;
    let energy = energyOf(template.subarray(0, hopSamples));
    this.#explained = 0;
    for (let at = 0; at <= last; at += 1) {
      let product = 0;
      for (let index = 0; index < hopSamples; index += 1) {
        product += (heard[index] ?? 0) * (template[at + index] ?? 0);
      }
      const explained = product > 0 ? (product * product) / (energy + tiny) : 0;
      if (explained > this.#explained) {
        this.#explained = explained;
        this.#bestAt = at;
      }
      energy += (template[at + hopSamples] ?? 0) ** 2 - (template[at] ?? 0) ** 2;
    }
  }
}

function energyOf(samples: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < samples.length; index += 1) sum += (samples[index] ?? 0) ** 2;
  return sum;
}

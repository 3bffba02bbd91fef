/** How loud something is, as a meter shows it; pure. */

/** What a quiet room has, and what is as loud as it gets. */
const floorDb = -60;
const fallPerReading = 0.12;

export class LevelMeter {
  #squares = 0;
  #count = 0;
  #shown = 0;

  /** Samples of -1..1. */
  add(samples: Float32Array): void {
    for (const sample of samples) this.#squares += sample * sample;
    this.#count += samples.length;
  }

  /** 0..1 of what came since the last reading: rises at once and falls slowly, as an eye can follow. */
  read(): number {
    const power = this.#count === 0 ? 0 : this.#squares / this.#count;
    this.#squares = 0;
    this.#count = 0;
    const db = power > 0 ? 10 * Math.log10(power) : floorDb;
    const level = Math.min(1, Math.max(0, 1 - db / floorDb));
    this.#shown = Math.max(level, this.#shown - fallPerReading);
    return Math.max(0, this.#shown);
  }
}

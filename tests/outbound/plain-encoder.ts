/** An encoder without a codec: frames hold the samples themselves, so that a test sees what is played. */
import type { PlayoutEncoder } from "../../src/outbound/playout.ts";

/** 8 kHz; each frame is 20 ms of float samples. */
export class PlainEncoder implements PlayoutEncoder {
  static readonly frameSamples = 160;
  /** What a frame of a pause holds for 5 ms; no test plays it. */
  static readonly fadeLevel = -1;
  #waiting: number[] = [];
  #isFinished = false;
  flushes = 0;
  /** Samples. */
  forgotten = 0;

  get pendingMs(): number {
    return this.#waiting.length / 8;
  }

  write(samples: Float32Array, rateHz: number): void {
    if (rateHz !== 8000) throw new Error(`a rate of ${rateHz} Hz is not converted here`);
    for (const sample of samples) this.#waiting.push(sample);
    this.#isFinished = false;
  }

  finish(): void {
    this.#isFinished = this.#waiting.length > 0;
  }

  next(): Uint8Array | undefined {
    if (this.#waiting.length < PlainEncoder.frameSamples && !this.#isFinished) return undefined;
    const taken = this.#waiting.splice(0, PlainEncoder.frameSamples);
    if (this.#waiting.length === 0) this.#isFinished = false;
    const rest = PlainEncoder.frameSamples - taken.length;
    return frameOf([...taken, ...Array<number>(rest).fill(0)]);
  }

  fadeOut(): Uint8Array | undefined {
    if (this.#waiting.length === 0) return undefined;
    const rest = PlainEncoder.frameSamples - 40;
    return frameOf([
      ...Array<number>(40).fill(PlainEncoder.fadeLevel),
      ...Array<number>(rest).fill(0),
    ]);
  }

  flush(): void {
    this.flushes += 1;
    this.#forget();
  }

  clear(): void {
    this.#forget();
  }

  #forget(): void {
    this.forgotten += this.#waiting.length;
    this.#waiting = [];
    this.#isFinished = false;
  }
}

function frameOf(samples: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(samples).buffer);
}

/** What a frame holds. */
export function samplesOf(frame: Uint8Array | undefined): number[] {
  if (frame === undefined) return [];
  return [...new Float32Array(frame.buffer, frame.byteOffset, frame.byteLength / 4)];
}

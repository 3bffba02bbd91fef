/** An encoder without a codec: frames hold the samples themselves, so that a test sees what is played. */
import type { PlayoutEncoder } from "../../src/outbound/playout.ts";

/** 8 kHz; each frame is 20 ms of float samples. */
export class PlainEncoder implements PlayoutEncoder {
  static readonly frameSamples = 160;
  #waiting: number[] = [];
  flushes = 0;

  get pendingMs(): number {
    return this.#waiting.length / 8;
  }

  write(samples: Float32Array, rateHz: number): void {
    if (rateHz !== 8000) throw new Error(`a rate of ${rateHz} Hz is not converted here`);
    for (const sample of samples) this.#waiting.push(sample);
  }

  finish(): void {
    while (this.#waiting.length % PlainEncoder.frameSamples > 0) this.#waiting.push(0);
  }

  next(): Uint8Array | undefined {
    if (this.#waiting.length < PlainEncoder.frameSamples) return undefined;
    const frame = Float32Array.from(this.#waiting.splice(0, PlainEncoder.frameSamples));
    return new Uint8Array(frame.buffer);
  }

  flush(): void {
    this.flushes += 1;
    this.#waiting = [];
  }
}

/** What a frame holds. */
export function samplesOf(frame: Uint8Array | undefined): number[] {
  if (frame === undefined) return [];
  return [...new Float32Array(frame.buffer, frame.byteOffset, frame.byteLength / 4)];
}

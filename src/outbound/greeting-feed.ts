/** A recording that is handed on piece by piece, and the sound that waits until it has been played. */

export interface SoundPiece {
  readonly samples: Float32Array;
  readonly rateHz: number;
}

const pieceMs = 40;

export class GreetingFeed {
  readonly #recording: SoundPiece;
  /** Bounded, since replies are told to wait before: only what was under way still comes. */
  readonly #held: SoundPiece[] = [];
  #at = 0;
  #heldMs = 0;

  constructor(recording: SoundPiece) {
    this.#recording = recording;
  }

  /** Sound that waits behind the recording. */
  get heldMs(): number {
    return this.#heldMs;
  }

  get held(): readonly SoundPiece[] {
    return this.#held;
  }

  /** Copied. */
  hold(samples: Float32Array, rateHz: number): void {
    this.#held.push({ samples: samples.slice(), rateHz });
    this.#heldMs += (samples.length * 1000) / rateHz;
  }

  /** Undefined when all of the recording was taken. */
  take(): SoundPiece | undefined {
    const { samples, rateHz } = this.#recording;
    if (this.#at >= samples.length) return undefined;
    const begin = this.#at;
    this.#at = begin + Math.ceil((rateHz * pieceMs) / 1000);
    return { samples: samples.subarray(begin, this.#at), rateHz };
  }
}

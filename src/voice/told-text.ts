/** One text of the LLaMA on its way to the caller's ear, whatever pieces it is spoken in. */

/** A piece of the text, as far as its sound is known. */
export interface TextPart {
  /** Of speech; a guess while it is not wholly synthesised. */
  readonly expectedSamples: number;
}

export class ToldText {
  /** From 1, on the connection that it came by. */
  readonly number: number;
  /** The words that are spoken, without what is no word. */
  readonly spoken: string;
  readonly cameAtMs: number;
  /** From the text to its first sound; undefined until that is handed on. */
  voiceMs: number | undefined;
  /** What the LLaMA believes that the caller has heard of it. */
  told: "nothing" | "begun" | "through" = "nothing";
  /** Nobody is told of it any more: its connection is gone, and the next one counts anew. */
  isMuted = false;
  readonly #parts = new Set<TextPart>();
  #endedSamples = 0;
  #isWhole = false;

  constructor(number: number, spoken: string, cameAtMs: number) {
    this.number = number;
    this.spoken = spoken;
    this.cameAtMs = cameAtMs;
  }

  /** Samples of its speech; a guess until `isComplete`. */
  get samples(): number {
    let samples = this.#endedSamples;
    for (const part of this.#parts) samples += part.expectedSamples;
    return Math.round(samples);
  }

  /** All that will ever be heard of it has been handed on. */
  get isComplete(): boolean {
    return this.#isWhole && this.#parts.size === 0;
  }

  /** The words that belong to so many samples, from the beginning. */
  until(samples: number): string {
    const share = this.samples === 0 ? 0 : Math.min(1, samples / this.samples);
    return this.spoken.slice(0, Math.floor(share * this.spoken.length)).toWellFormed();
  }

  addPart(part: TextPart): void {
    this.#parts.add(part);
  }

  /** It is handed on, or given up. */
  endPart(part: TextPart): void {
    if (this.#parts.delete(part)) this.#endedSamples += part.expectedSamples;
  }

  /** No part will be added. */
  finish(): void {
    this.#isWhole = true;
  }

  /** The sound of its parts is let go; it stays as long as was expected, and never becomes complete. */
  interrupt(): void {
    if (this.isComplete) return;
    this.#isWhole = false;
    for (const part of this.#parts) this.endPart(part);
  }
}

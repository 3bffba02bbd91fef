/** Bounds what is spoken in one answer: near the bound only whole sentences are let through. */
import { lastBreak, wordStart } from "./text-breaks.ts";

/** So much before the bound it begins to wait for the ends of sentences. */
const marginChars = 400;

export class AnswerLength {
  readonly #maxChars: number;
  #given = "";
  #held = "";
  #isFull = false;

  constructor(maxChars: number) {
    this.#maxChars = Math.max(1, maxChars);
  }

  /** The model has said more than is let through: it can be stopped. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** What may be spoken now, of this text and what was held back before it; may be empty. */
  take(text: string): string {
    if (this.#isFull) return "";
    this.#held += text;
    const room = this.#maxChars - this.#given.length;
    if (this.#held.length > room) {
      this.#isFull = true;
      return this.#release(this.#finalCut(room), true);
    }
    const isNear = room - this.#held.length < Math.min(marginChars, this.#maxChars / 2);
    if (!isNear) return this.#release(this.#held.length);
    return this.#release(lastBreak(this.#held, this.#held.length, "sentence") ?? 0);
  }

  /** The model is done: nothing more is held back. */
  flush(): string {
    return this.#isFull ? "" : this.#release(this.#held.length);
  }

  /** The model was stopped: what is held back is never said. */
  drop(): void {
    this.#held = "";
  }

  #release(chars: number, isLast = false): string {
    const text = this.#held.slice(0, chars);
    this.#held = isLast ? "" : this.#held.slice(chars);
    this.#given += text;
    return text;
  }

  /** The end of a sentence, or what comes nearest where one has been begun already. */
  #finalCut(room: number): number {
    const sentence = lastBreak(this.#held, room, "sentence");
    if (sentence !== undefined) return sentence;
    if (/[.!?…。！？\n]["'”’»)\]]*\s*$/u.test(this.#given)) return 0;
    const clause = lastBreak(this.#held, room, "clause");
    if (clause !== undefined) return clause;
    const word = wordStart(this.#held, room);
    return word > 0 ? word : room;
  }
}

/**
 * Texts that come while the caller speaks. Signals come by UDP and texts by TCP, so that either may be
 * read before the other although it was sent behind it: for a moment such a text is held.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { SpeakableText } from "./speakable-pieces.ts";

/** A text of the LLaMA as it came. */
export interface CallText {
  /** From 1, on the connection that it came by. */
  readonly number: number;
  readonly speakable: SpeakableText;
  readonly cameAtMs: number;
}

/** SILENCE that was sent before a text is read so much later at most. */
const holdMs = 150;
/** A text that came so shortly before SPEECH may have been sent behind it. */
const freshMs = 10;
const maxHeld = 100;

export class LateTexts {
  readonly #clock: Clock;
  readonly #onLate: (text: CallText) => void;
  /** Spoken already, should no SPEECH follow at once. */
  #fresh: CallText[] = [];
  #held: CallText[] = [];
  #timer: Timer | undefined;

  /** `onLate`: no SILENCE came in time. */
  constructor(clock: Clock, onLate: (text: CallText) => void) {
    this.#clock = clock;
    this.#onLate = onLate;
  }

  /** It is spoken now. */
  note(text: CallText): void {
    this.#forgetOld();
    this.#fresh.push(text);
  }

  /** The caller speaks; texts that were noted just now are held. */
  callerSpeaks(): void {
    this.#forgetOld();
    this.#held.push(...this.#fresh.slice(-maxHeld));
    this.#fresh = [];
    this.#await();
  }

  hold(text: CallText): void {
    if (this.#held.length >= maxHeld) {
      this.#onLate(text);
      return;
    }
    this.#held.push(text);
    this.#await();
  }

  /** The caller is silent: these are spoken, in their order. */
  release(): readonly CallText[] {
    const held = this.#held;
    this.close();
    return held;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#held = [];
    this.#fresh = [];
  }

  #await(): void {
    const [first] = this.#held;
    if (first === undefined || this.#timer !== undefined) return;
    const waitMs = Math.max(0, first.cameAtMs + holdMs - this.#clock.nowMs());
    this.#timer = this.#clock.after(waitMs, () => this.#expire());
  }

  #expire(): void {
    this.#timer = undefined;
    const limitMs = this.#clock.nowMs() - holdMs;
    const late = this.#held.filter(({ cameAtMs }) => cameAtMs <= limitMs);
    this.#held = this.#held.filter(({ cameAtMs }) => cameAtMs > limitMs);
    this.#await();
    for (const text of late) this.#onLate(text);
  }

  #forgetOld(): void {
    const nowMs = this.#clock.nowMs();
    this.#fresh = this.#fresh.filter(({ cameAtMs }) => nowMs - cameAtMs <= freshMs);
  }
}

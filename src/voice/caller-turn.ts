/** Whether the caller speaks, as SPEECH and SILENCE tell, each of which comes twice. */
import type { Clock, Timer } from "../core/clock.ts";

/** When nobody tells that the caller is silent again, replies are not held back for longer. */
const callerLimitMs = 10_000;
/** The second copy of a signal comes 20 ms behind the first. */
const copyMs = 30;

export class CallerTurn {
  readonly #clock: Clock;
  readonly #onLimit: () => void;
  #timer: Timer | undefined;
  #spokeAtMs = Number.NEGATIVE_INFINITY;

  /** `onLimit`: SILENCE is overdue; the caller counts as silent already. */
  constructor(clock: Clock, onLimit: () => void) {
    this.#clock = clock;
    this.#onLimit = onLimit;
  }

  get isSpeaking(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * SPEECH. False for the copy of one whose SILENCE has come already: what was sent behind that SILENCE
   * must not be lost to it.
   */
  speaks(): boolean {
    const nowMs = this.#clock.nowMs();
    if (!this.isSpeaking && nowMs - this.#spokeAtMs < copyMs) return false;
    if (!this.isSpeaking) this.#spokeAtMs = nowMs;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(callerLimitMs, () => {
      this.#timer = undefined;
      this.#onLimit();
    });
    return true;
  }

  /** SILENCE; false when the caller was silent already. */
  silent(): boolean {
    const wasSpeaking = this.isSpeaking;
    this.#timer?.cancel();
    this.#timer = undefined;
    return wasSpeaking;
  }
}

/** How far a long recording has been heard: one changing line on a terminal, nothing elsewhere. */
import type { Clock } from "../core/clock.ts";
import { formatTime } from "./time-span.ts";

export interface HearingProgressOptions {
  readonly file: string;
  readonly totalMs: number;
  readonly clock: Clock;
  readonly stream: { readonly isTTY?: boolean; write(text: string): unknown };
}

const intervalMs = 200;
/** Whoever waits less needs no line. */
const patienceMs = 1000;
const toLineStart = "\r\u001B[K";

export class HearingProgress {
  readonly #options: HearingProgressOptions;
  readonly #startedMs: number;
  #shownMs: number;
  #isShown = false;

  constructor(options: HearingProgressOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
    this.#shownMs = this.#startedMs + patienceMs - intervalMs;
  }

  update(heardMs: number): void {
    const { file, totalMs, clock, stream } = this.#options;
    const nowMs = clock.nowMs();
    if (stream.isTTY !== true || nowMs - this.#shownMs < intervalMs) return;
    this.#shownMs = nowMs;
    this.#isShown = true;
    const percent = Math.floor((100 * heardMs) / Math.max(1, totalMs));
    const speed = (heardMs / Math.max(1, nowMs - this.#startedMs)).toFixed(1);
    const heard = `${formatTime(heardMs)} of ${formatTime(totalMs)}`;
    stream.write(`${toLineStart}${file}: ${heard} (${percent} %), ${speed} times real time`);
  }

  /** Takes the line off the terminal. */
  clear(): void {
    if (this.#isShown) this.#options.stream.write(toLineStart);
    this.#isShown = false;
  }
}

/** How far a long run is and how long it will take: one changing line on a terminal, a few elsewhere. */
import type { Clock } from "../core/clock.ts";

export interface ProgressOutput {
  readonly isTerminal: boolean;
  readonly write: (text: string) => void;
}

const terminalIntervalMs = 100;
const plainIntervalMs = 10_000;
const toLineStart = "\r\u001B[K";

export class Progress {
  readonly #clock: Clock;
  readonly #output: ProgressOutput;
  readonly #startedMs: number;
  #shownMs: number;
  /** What stands on the terminal now. */
  #line = "";

  constructor(clock: Clock, output: ProgressOutput) {
    this.#clock = clock;
    this.#output = output;
    this.#startedMs = clock.nowMs();
    this.#shownMs = this.#startedMs;
  }

  update(done: number, total: number): void {
    const nowMs = this.#clock.nowMs();
    const { isTerminal, write } = this.#output;
    if (nowMs - this.#shownMs < (isTerminal ? terminalIntervalMs : plainIntervalMs)) return;
    this.#shownMs = nowMs;
    const line = describeProgress({ done, total, elapsedMs: nowMs - this.#startedMs });
    if (isTerminal) this.#line = line;
    write(isTerminal ? `${toLineStart}${line}` : `${line}\n`);
  }

  /** A line that stays, above the one that changes. */
  say(line: string): void {
    const isShown = this.#line !== "";
    this.#output.write(isShown ? `${toLineStart}${line}\n${this.#line}` : `${line}\n`);
  }

  /** Takes the line off the terminal. */
  clear(): void {
    if (this.#line !== "") this.#output.write(toLineStart);
    this.#line = "";
  }
}

interface ProgressFigures {
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
}

/** `120 of 480 decoded (25 %), 0:40 gone, about 2:00 left` */
export function describeProgress({ done, total, elapsedMs }: ProgressFigures): string {
  const percent = Math.floor((100 * done) / Math.max(1, total));
  const gone = `${done} of ${total} decoded (${percent} %), ${formatTime(elapsedMs)} gone`;
  if (done === 0) return gone;
  return `${gone}, about ${formatTime((elapsedMs / done) * (total - done))} left`;
}

/** `0:05`, `12:40` or `1:02:03`. */
function formatTime(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3600);
  if (hours > 0) parts.unshift(hours);
  return parts
    .map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0")))
    .join(":");
}

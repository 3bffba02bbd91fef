/**
 * Puts what services tell of the past into the order in which it happened. Each of them tells it by itself
 * and at once when it is first listened to; what happens now goes through as it comes.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import { type Fields, timeIn } from "../../services/event-fields.ts";
import type { ServiceProcess } from "./live-calls.ts";

export interface CatchUpOptions {
  readonly clock: Clock;
  readonly take: (process: ServiceProcess, fields: Fields) => void;
}

interface Waiting {
  readonly process: ServiceProcess;
  readonly fields: Fields;
  readonly atMs: number;
}

/** What is older was not told when it happened. */
const freshMs = 1000;
/** Services on one host tell all that they have kept within some tens of milliseconds. */
const waitMs = 250;
/** All that all services keep. */
const maxWaiting = 20_000;

export class CatchUp {
  readonly #options: CatchUpOptions;
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  take(process: ServiceProcess, fields: Fields): void {
    const { clock, take } = this.#options;
    const nowMs = clock.wallMs();
    const atMs = timeIn(fields, nowMs);
    if (this.#waiting.length === 0 && nowMs - atMs < freshMs) {
      take(process, fields);
      return;
    }
    this.#waiting.push({ process, fields, atMs });
    if (this.#waiting.length >= maxWaiting) this.#release();
    else this.#timer ??= clock.after(waitMs, () => this.#release());
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const waiting = this.#waiting.toSorted((one, other) => one.atMs - other.atMs);
    this.#waiting = [];
    for (const { process, fields } of waiting) this.#options.take(process, fields);
  }
}

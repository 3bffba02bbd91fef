/** Looks after one process: often until it is ready, then every few seconds whether it still answers. */
import type { Clock, Timer } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { type ChildStatus, readChildStatus } from "./child-status.ts";

export interface ChildWatchOptions {
  /** Its status; rejects within the limit of a request. */
  readonly ask: () => Promise<Readonly<Record<string, unknown>>>;
  readonly clock: Clock;
  readonly onStatus: (status: ChildStatus) => void;
  /** It did not answer so often that it must be ended; said with each further time. */
  readonly onUnhealthy: (reason: string) => void;
}

/** While it starts, its socket is not there yet, and that is no failure. */
const startPollMs = 250;
/** From when it is ready to when it must have answered. */
const firstAnswerMs = 5000;
const healthPollMs = 5000;
const maxFailures = 3;

export class ChildWatch {
  readonly #options: ChildWatchOptions;
  #timer: Timer;
  /** When it was said to be ready. */
  #readyMs: number | undefined;
  /** It answered, or had its time to, since it was said to be ready. */
  #isSteady = false;
  #isAsking = false;
  #isClosed = false;
  #failures = 0;

  constructor(options: ChildWatchOptions) {
    this.#options = options;
    this.#timer = options.clock.every(startPollMs, () => void this.#look());
  }

  /** Failures in a row since it was ready. */
  get failures(): number {
    return this.#failures;
  }

  /** It is ready: from now on it must answer, though it may be busy for a moment. */
  guard(): void {
    if (this.#readyMs !== undefined || this.#isClosed) return;
    this.#readyMs = this.#options.clock.nowMs();
    // What it is built from is wanted now.
    void this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const readyMs = this.#readyMs;
    const answer = await this.#options.ask().catch((error: unknown) => describeError(error));
    this.#isAsking = false;
    if (this.#isClosed) return;
    if (typeof answer !== "string") this.#answered(readChildStatus(answer));
    else if (readyMs !== undefined) this.#failed(answer, readyMs);
  }

  #answered(status: ChildStatus): void {
    this.#failures = 0;
    if (this.#readyMs !== undefined) this.#settle();
    this.#options.onStatus(status);
  }

  #failed(reason: string, readyMs: number): void {
    if (!this.#isSteady) {
      if (this.#options.clock.nowMs() - readyMs < firstAnswerMs) return;
      this.#settle();
    }
    this.#failures += 1;
    if (this.#failures >= maxFailures) this.#options.onUnhealthy(`unhealthy: ${reason}`);
  }

  #settle(): void {
    if (this.#isSteady) return;
    this.#isSteady = true;
    this.#timer.cancel();
    this.#timer = this.#options.clock.every(healthPollMs, () => void this.#look());
  }
}

/**
 * One text and several engines: the first is asked, the next as well when the first fails or is silent
 * for too long, and whichever sounds first speaks all of it.
 */
import type { Clock, Timer } from "../core/clock.ts";
import {
  speechAborted,
  type SpeechEngine,
  type SpeechRequest,
  type SpeechSink,
} from "./engines/engine.ts";

export interface Entrant {
  readonly engine: SpeechEngine;
  readonly request: SpeechRequest;
}

export interface SpeechRaceOptions<E extends Entrant> {
  /** The best first. */
  readonly entrants: readonly [E, ...E[]];
  /** Silence for so long brings the next one in; undefined: only a failure does. */
  readonly patienceMs: number | undefined;
  readonly sink: SpeechSink;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** It spoke to the end. */
  readonly onSpoken: (entrant: E) => void;
  readonly onFailed: (entrant: E, error: unknown) => void;
  /** It was silent for too long, and another one spoke. */
  readonly onTooSlow: (entrant: E) => void;
}

interface Attempt<E> {
  readonly entrant: E;
  readonly abort: AbortController;
}

export class SpeechRace<E extends Entrant> {
  readonly #options: SpeechRaceOptions<E>;
  readonly #outcome = Promise.withResolvers<void>();
  /** Those that are being asked, the best first. */
  readonly #running: Attempt<E>[] = [];
  #next = 0;
  #winner: Attempt<E> | undefined;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: SpeechRaceOptions<E>) {
    this.#options = options;
  }

  /**
   * Rejects at once when it is aborted, where the one that spoke fails, and with the last error where
   * all have failed.
   */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const abort = (): void => this.#end(speechAborted());
    signal.addEventListener("abort", abort, { once: true });
    this.#startNext();
    try {
      await this.#outcome.promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** False when there is none left. */
  #startNext(): boolean {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { entrants, patienceMs, clock } = this.#options;
    const entrant = entrants[this.#next];
    if (entrant === undefined) return false;
    this.#next += 1;
    if (patienceMs !== undefined && this.#next < entrants.length) {
      this.#timer = clock.after(patienceMs, () => this.#startNext());
    }
    const attempt = { entrant, abort: new AbortController() };
    this.#running.push(attempt);
    void this.#ask(attempt);
    return true;
  }

  async #ask(attempt: Attempt<E>): Promise<void> {
    const { engine, request } = attempt.entrant;
    const sink: SpeechSink = {
      samples: (samples, rateHz) => this.#sounds(attempt, samples, rateHz),
    };
    try {
      await engine.speak(request, sink, attempt.abort.signal);
      this.#spoken(attempt);
    } catch (error) {
      this.#failed(attempt, error);
    }
  }

  #sounds(attempt: Attempt<E>, samples: Float32Array, rateHz: number): void {
    if (this.#isOver || samples.length === 0) return;
    if (this.#winner === undefined) this.#won(attempt);
    if (this.#winner === attempt) this.#options.sink.samples(samples, rateHz);
  }

  #won(winner: Attempt<E>): void {
    this.#winner = winner;
    this.#timer?.cancel();
    const better = this.#running.slice(0, this.#running.indexOf(winner));
    for (const attempt of this.#running) {
      if (attempt !== winner) attempt.abort.abort();
    }
    for (const { entrant } of better) this.#options.onTooSlow(entrant);
    this.#options.sink.spokenBy?.(winner.entrant.engine.name);
  }

  /** Without a sound too: there was nothing in the text to be spoken. */
  #spoken(attempt: Attempt<E>): void {
    const isLoser = this.#winner !== undefined && this.#winner !== attempt;
    if (this.#isOver || isLoser) return;
    this.#options.onSpoken(attempt.entrant);
    this.#end(undefined);
  }

  #failed(attempt: Attempt<E>, error: unknown): void {
    if (this.#isOver || attempt.abort.signal.aborted) return;
    this.#running.splice(this.#running.indexOf(attempt), 1);
    this.#options.onFailed(attempt.entrant, error);
    const isHopeless =
      this.#winner === attempt || (!this.#startNext() && this.#running.length === 0);
    if (isHopeless) this.#end(error);
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    for (const { abort } of this.#running) abort.abort();
    if (error === undefined) this.#outcome.resolve();
    else this.#outcome.reject(error);
  }
}

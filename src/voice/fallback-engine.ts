/** Several engines as one: the first that works speaks, and one that failed is tried again later. */
import type { Clock } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import {
  engineClosed,
  speechAborted,
  type SpeechEngine,
  type SpeechRequest,
  type SpeechSink,
} from "./engines/engine.ts";
import { type Entrant, SpeechRace } from "./speech-race.ts";

export interface FallbackChoice {
  readonly engine: SpeechEngine;
  /** In place of the voice of a request, which is meant for the first engine; its own unless given. */
  readonly voice?: string | undefined;
}

export interface FallbackOptions {
  /** The best first; at least one. */
  readonly choices: readonly [FallbackChoice, ...FallbackChoice[]];
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange?: ((change: EngineChange) => void) | undefined;
}

/** An engine failed, or works again. */
export interface EngineChange {
  readonly engine: string;
  readonly works: boolean;
  /** Empty when it works. */
  readonly reason: string;
  /** The one that is asked first from now on. */
  readonly speaking: string;
}

export interface FallbackStatus {
  readonly speaking: string;
  readonly engines: readonly {
    readonly name: string;
    readonly works: boolean;
    readonly failures: number;
    /** Times that it was silent for so long that another one spoke. */
    readonly slow: number;
    readonly lastError: string | null;
  }[];
}

interface Candidate {
  readonly engine: SpeechEngine;
  readonly voice: string | undefined;
  readonly isFirst: boolean;
  failures: number;
  slow: number;
  /** In a row. */
  strikes: number;
  /** Undefined while it works. */
  tryAgainAtMs: number | undefined;
  isOnTrial: boolean;
  lastError: string | null;
}

const firstPauseMs = 5000;
const longestPauseMs = 60_000;
/** What an engine must be able to say before callers hear it again. */
const trialText = "Yes.";
/** And how soon it must begin to. */
const trialLimitMs = 700;

interface Runner extends Entrant {
  readonly candidate: Candidate;
}

export class FallbackEngine implements SpeechEngine {
  readonly name: string;
  readonly #options: FallbackOptions;
  readonly #candidates: readonly Candidate[];
  readonly #closing = new AbortController();

  constructor(options: FallbackOptions) {
    this.#options = options;
    this.#candidates = options.choices.map(({ engine, voice }, index) => ({
      engine,
      voice,
      isFirst: index === 0,
      failures: 0,
      slow: 0,
      strikes: 0,
      tryAgainAtMs: undefined,
      isOnTrial: false,
      lastError: null,
    }));
    this.name = options.choices.map(({ engine }) => engine.name).join(" or ");
  }

  get voices(): readonly string[] {
    return this.#options.choices[0].engine.voices;
  }

  /**
   * Rejects where an engine fails after it has given sound, for the caller to decide whether to say it
   * again, which the next engine then does; and where all have failed.
   */
  async speak(request: SpeechRequest, sink: SpeechSink, signal: AbortSignal): Promise<void> {
    if (this.#closing.signal.aborted) throw engineClosed(this.name);
    if (signal.aborted) throw speechAborted();
    const { patienceMs } = request;
    const race = new SpeechRace<Runner>({
      entrants: this.#entrants(request),
      patienceMs,
      sink,
      signal,
      clock: this.#options.clock,
      onSpoken: ({ candidate }) => this.#worked(candidate),
      onFailed: ({ candidate }, error) => this.#failed(candidate, error),
      onTooSlow: ({ candidate }) => {
        candidate.slow += 1;
        this.#failed(candidate, tooSlow(patienceMs));
      },
    });
    await race.run();
  }

  status(): FallbackStatus {
    return {
      speaking: this.#usableNow()[0]?.engine.name ?? "none",
      engines: this.#candidates.map(({ engine, tryAgainAtMs, failures, slow, lastError }) => ({
        name: engine.name,
        works: tryAgainAtMs === undefined,
        failures,
        slow,
        lastError,
      })),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#candidates.map(({ engine }) => engine.close()));
  }

  #entrants(request: SpeechRequest): readonly [Runner, ...Runner[]] {
    const [first, ...others] = this.#usable().map((candidate) => ({
      candidate,
      engine: candidate.engine,
      request: requestFor(candidate, request),
    }));
    if (first === undefined) throw engineClosed(this.name);
    return [first, ...others];
  }

  /** Also begins the trials that are due: no caller waits for an engine that may still be ill. */
  #usable(): readonly Candidate[] {
    const nowMs = this.#options.clock.nowMs();
    const working = this.#usableNow();
    for (const candidate of this.#candidates) {
      if (working.includes(candidate) || (candidate.tryAgainAtMs ?? nowMs) > nowMs) continue;
      void this.#try(candidate);
    }
    return working;
  }

  /** When all have failed, all are asked: there is nothing to lose. */
  #usableNow(): readonly Candidate[] {
    const working = this.#candidates.filter(({ tryAgainAtMs }) => tryAgainAtMs === undefined);
    return working.length > 0 ? working : this.#candidates;
  }

  async #try(candidate: Candidate): Promise<void> {
    if (candidate.isOnTrial) return;
    candidate.isOnTrial = true;
    try {
      await this.#speakTrial(candidate);
      this.#worked(candidate);
    } catch (error) {
      this.#failed(candidate, error);
    } finally {
      candidate.isOnTrial = false;
    }
  }

  async #speakTrial(candidate: Candidate): Promise<void> {
    const abort = new AbortController();
    const limit = this.#options.clock.after(trialLimitMs, () => abort.abort());
    const signal = AbortSignal.any([abort.signal, this.#closing.signal]);
    const request = requestFor(candidate, { text: trialText });
    try {
      await candidate.engine.speak(request, { samples: () => limit.cancel() }, signal);
    } catch (error) {
      throw abort.signal.aborted ? tooSlow(trialLimitMs) : error;
    } finally {
      limit.cancel();
    }
  }

  #worked(candidate: Candidate): void {
    candidate.strikes = 0;
    if (candidate.tryAgainAtMs === undefined) return;
    candidate.tryAgainAtMs = undefined;
    this.#options.log.info("the speech engine works again", { engine: candidate.engine.name });
    this.#changed(candidate, "");
  }

  #failed(candidate: Candidate, error: unknown): void {
    if (this.#closing.signal.aborted) return;
    const { clock, log } = this.#options;
    const wasWorking = candidate.tryAgainAtMs === undefined;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** candidate.strikes);
    candidate.failures += 1;
    candidate.strikes += 1;
    candidate.tryAgainAtMs = clock.nowMs() + pauseMs;
    candidate.lastError = describeError(error);
    const fields = { engine: candidate.engine.name, reason: candidate.lastError };
    if (!wasWorking) {
      log.debug("the speech engine still fails", fields);
      return;
    }
    const next = this.#usableNow()[0]?.engine.name;
    log.warn("the speech engine failed, another speaks until it works again", { ...fields, next });
    this.#changed(candidate, candidate.lastError);
  }

  #changed(candidate: Candidate, reason: string): void {
    const { onChange } = this.#options;
    const engine = candidate.engine.name;
    onChange?.({ engine, works: reason === "", reason, speaking: this.status().speaking });
  }
}

function requestFor(candidate: Candidate, request: SpeechRequest): SpeechRequest {
  const voice = candidate.voice ?? (candidate.isFirst ? request.voice : undefined);
  return { ...request, voice };
}

function tooSlow(limitMs = 0): WildfireError {
  const message = `the speech engine gave no sound within ${Math.round(limitMs)} ms`;
  return new WildfireError("timeout", message, {
    hint: "give the speech server more resources, or use a smaller model",
  });
}

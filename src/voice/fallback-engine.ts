/** Several engines as one: the first that works speaks, and one that failed is tried again later. */
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import {
  engineClosed,
  speechAborted,
  type SpeechEngine,
  type SpeechRequest,
  type SpeechSink,
} from "./engines/engine.ts";

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
}

export interface FallbackStatus {
  readonly speaking: string;
  readonly engines: readonly {
    readonly name: string;
    readonly works: boolean;
    readonly failures: number;
    readonly lastError: string | null;
  }[];
}

interface Candidate {
  readonly engine: SpeechEngine;
  readonly voice: string | undefined;
  readonly isFirst: boolean;
  failures: number;
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
    let failure: unknown = engineClosed(this.name);
    for (const candidate of this.#usable()) {
      if (this.#closing.signal.aborted) throw engineClosed(this.name);
      if (signal.aborted) throw speechAborted();
      let hasSpoken = false;
      const noting: SpeechSink = {
        samples(samples, rateHz) {
          hasSpoken ||= samples.length > 0;
          sink.samples(samples, rateHz);
        },
      };
      try {
        await candidate.engine.speak(requestFor(candidate, request), noting, signal);
        this.#worked(candidate);
        return;
      } catch (error) {
        if (signal.aborted || this.#closing.signal.aborted) throw error;
        this.#failed(candidate, error);
        if (hasSpoken) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  status(): FallbackStatus {
    return {
      speaking: this.#usableNow()[0]?.engine.name ?? "none",
      engines: this.#candidates.map(({ engine, tryAgainAtMs, failures, lastError }) => ({
        name: engine.name,
        works: tryAgainAtMs === undefined,
        failures,
        lastError,
      })),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#candidates.map(({ engine }) => engine.close()));
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
    const request = requestFor(candidate, { text: trialText });
    try {
      await candidate.engine.speak(request, { samples: () => undefined }, this.#closing.signal);
      this.#worked(candidate);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#failed(candidate, error);
    } finally {
      candidate.isOnTrial = false;
    }
  }

  #worked(candidate: Candidate): void {
    candidate.strikes = 0;
    if (candidate.tryAgainAtMs === undefined) return;
    candidate.tryAgainAtMs = undefined;
    this.#options.log.info("the speech engine works again", { engine: candidate.engine.name });
  }

  #failed(candidate: Candidate, error: unknown): void {
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
  }
}

function requestFor(candidate: Candidate, request: SpeechRequest): SpeechRequest {
  const voice = candidate.voice ?? (candidate.isFirst ? request.voice : undefined);
  return { ...request, voice };
}

/** Has one clause spoken by an engine, at the rate of the queue; believes no engine. */
import { Resampler } from "../audio/resample.ts";
import { sanitiseSamples } from "../audio/sanitise.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import type { ClauseAudio } from "./clause-audio.ts";
import { longestSpeechMs, type SpeechEngine, type SpeechRequest } from "./engines/engine.ts";

export interface ClauseSynthesisOptions {
  readonly engine: SpeechEngine;
  readonly request: SpeechRequest;
  readonly audio: ClauseAudio;
  readonly rateHz: number;
  readonly clock: Clock;
  /** Who speaks; told before the first samples, by an engine that has others. */
  readonly onEngine?: (name: string) => void;
  /** There is more to be read. */
  readonly onSamples: () => void;
  /** Called once unless aborted; undefined: it was spoken to the end. */
  readonly onEnd: (error: unknown) => void;
}

/** An engine that gives nothing for so long is left, whatever limits of its own it may have. */
const stallLimitMs = 20_000;
/** An engine may give a whole clause at once. Enough for the loudness of a voice to be known. */
const pieceMs = 300;

export class ClauseSynthesis {
  readonly #options: ClauseSynthesisOptions;
  readonly #abort = new AbortController();
  #stallTimer: Timer | undefined;
  #resampler: Resampler | undefined;
  #sourceHz = 0;
  #givenMs = 0;
  #isOver = false;

  constructor(options: ClauseSynthesisOptions) {
    this.#options = options;
  }

  start(): void {
    const { engine, request, onEngine } = this.#options;
    this.#watch();
    const sink = {
      samples: (samples: Float32Array, rateHz: number) => this.#take(samples, rateHz),
      spokenBy: (name: string) => onEngine?.(name),
    };
    engine.speak(request, sink, this.#abort.signal).then(
      () => this.#end(undefined),
      (error: unknown) => this.#end(error),
    );
  }

  /** From now on nothing is told. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stallTimer?.cancel();
    this.#abort.abort();
  }

  #take(samples: Float32Array, rateHz: number): void {
    if (this.#isOver || samples.length === 0) return;
    this.#givenMs += (samples.length * 1000) / rateHz;
    if (!(this.#givenMs <= longestSpeechMs(this.#options.request))) {
      this.#fail("the speech engine gives far more sound than the text has");
      return;
    }
    this.#watch();
    // The first of it leaves before the rest has been converted.
    const piece = Math.max(1, Math.round((rateHz * pieceMs) / 1000));
    for (let at = 0; at < samples.length && !this.#isOver; at += piece) {
      if (this.#convert(samples.subarray(at, at + piece), rateHz)) this.#options.onSamples();
    }
  }

  /** False for a rate that is none, which ends it. */
  #convert(samples: Float32Array, rateHz: number): boolean {
    try {
      if (rateHz !== this.#sourceHz) this.#changeRate(rateHz);
      const safe = sanitised(samples);
      this.#options.audio.append(this.#resampler?.process(safe) ?? safe);
      return true;
    } catch (error) {
      this.#end(error);
      return false;
    }
  }

  #changeRate(rateHz: number): void {
    this.#drain();
    const toHz = this.#options.rateHz;
    this.#resampler = rateHz === toHz ? undefined : new Resampler({ fromHz: rateHz, toHz });
    this.#sourceHz = rateHz;
  }

  #drain(): void {
    const rest = this.#resampler?.flush();
    if (rest !== undefined) this.#options.audio.append(rest);
  }

  #watch(): void {
    this.#stallTimer?.cancel();
    this.#stallTimer = this.#options.clock.after(stallLimitMs, () =>
      this.#fail(`the speech engine gave nothing for ${stallLimitMs} ms`),
    );
  }

  #fail(message: string): void {
    this.#end(new WildfireError("audio", message, { hint: "look into the log of the engine" }));
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stallTimer?.cancel();
    this.#drain();
    if (error !== undefined) this.#abort.abort();
    this.#options.onEnd(error);
  }
}

/** What is not finite becomes silence, what is beyond full scale is cut; the view is not ours to change. */
function sanitised(samples: Float32Array): Float32Array {
  const safe = samples.slice();
  sanitiseSamples(safe);
  return safe;
}

/** Texts of an utterance that is still being spoken, for those who watch; never at others' cost. */
import type { Clock } from "../core/clock.ts";
import { LocalAgreement, type PartialText } from "./local-agreement.ts";
import type { Transcription } from "./transcription.ts";

/** Between the starts of two runs over one utterance. */
const intervalMs = 600;
/** With less sound than this there is nothing to show. */
const leastAudioMs = 700;

export interface PartialTextsOptions {
  readonly clock: Clock;
  /** True when a lane has nothing else to do. */
  readonly hasIdleLane: () => boolean;
  readonly transcribe: (samples: Float32Array) => Transcription;
  readonly onPartial: (partial: PartialText) => void;
}

export class PartialTexts {
  readonly #options: PartialTextsOptions;
  #agreement = new LocalAgreement();
  #running: Transcription | undefined;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #isSuspended = false;

  constructor(options: PartialTextsOptions) {
    this.#options = options;
  }

  /** Time to look at the open utterance; its samples are copied when a run starts. */
  consider(samples: Float32Array, audioMs: number): void {
    const { clock, hasIdleLane, transcribe } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#isSuspended || this.#running !== undefined || audioMs < leastAudioMs) return;
    if (nowMs - this.#lastStartMs < intervalMs || !hasIdleLane()) return;
    this.#lastStartMs = nowMs;
    const run = transcribe(samples.slice());
    this.#running = run;
    run.result.then(
      ({ text }) => this.#finished(run, text),
      () => this.#finished(run, undefined),
    );
  }

  /** The caller pauses: the text of all of it is being made, and a run beside it would only slow it. */
  suspend(): void {
    this.#isSuspended = true;
    this.#running?.abort();
    this.#running = undefined;
  }

  /** The caller goes on. */
  resume(): void {
    this.#isSuspended = false;
  }

  /** The utterance is over: nothing of it may be shown any more. */
  stop(): void {
    this.suspend();
    this.#isSuspended = false;
    this.#agreement = new LocalAgreement();
    this.#lastStartMs = Number.NEGATIVE_INFINITY;
  }

  #finished(run: Transcription, text: string | undefined): void {
    // A run of an utterance that is over, or one that was given up for more urgent work.
    if (this.#running !== run) return;
    this.#running = undefined;
    if (text !== undefined && text !== "") this.#options.onPartial(this.#agreement.add(text));
  }
}

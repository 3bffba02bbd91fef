/** The utterances of one call on their way through recognition: decoded side by side, delivered in order. */
import { describeError } from "../core/errors.ts";
import type { DecodeJob, Recogniser } from "./recogniser.ts";
import { whisperSampleRateHz } from "./recogniser.ts";
import { finalText } from "./transcript.ts";

/** How utterances are decoded; the same for all calls of a service. */
export interface DecodeSettings {
  readonly language: string;
  readonly translate: boolean;
  readonly timestamps: boolean;
  /** Encoder positions, 0 for the model's full context. */
  readonly audioContext: number;
}

/** The outcome of one utterance; `text` is empty when nothing was said or `error` says what failed. */
export interface FinalTranscript {
  readonly text: string;
  readonly error?: string;
  readonly audioMs: number;
  readonly queuedMs: number;
  readonly decodeMs: number;
}

interface Slot {
  readonly job: DecodeJob;
  final?: FinalTranscript;
}

export interface UtteranceLineOptions {
  readonly recogniser: Recogniser;
  readonly settings: DecodeSettings;
  /** Called in the order in which utterances were added, never from within `add`. */
  readonly onFinal: (final: FinalTranscript) => void;
  /** Nothing is delivered before this resolves: the call before with the same id goes first. */
  readonly after: Promise<void>;
}

export class UtteranceLine {
  readonly #options: UtteranceLineOptions;
  readonly #slots: Slot[] = [];
  #isOpen = false;
  #waiters: (() => void)[] = [];

  constructor(options: UtteranceLineOptions) {
    this.#options = options;
    void options.after.then(() => {
      this.#isOpen = true;
      this.#deliver();
    });
  }

  /** Utterances that are not delivered yet. */
  get pending(): number {
    return this.#slots.length;
  }

  /** Takes a copy of the samples (16 kHz, mono). */
  add(samples: Float32Array): void {
    const { recogniser, settings } = this.#options;
    const audioMs = Math.round((samples.length * 1000) / whisperSampleRateHz);
    const slot: Slot = { job: recogniser.submit({ samples, ...settings }) };
    this.#slots.push(slot);
    slot.job.result.then(
      ({ segments, queuedMs, decodeMs }) => {
        slot.final = { text: finalText(segments), audioMs, queuedMs, decodeMs };
        this.#deliver();
      },
      (error: unknown) => {
        slot.final = { text: "", error: describeError(error), audioMs, queuedMs: 0, decodeMs: 0 };
        this.#deliver();
      },
    );
  }

  /** Resolves when all that was added has been delivered. */
  drained(): Promise<void> {
    if (this.#slots.length === 0 && this.#isOpen) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Gives up what is not decoded yet; it is delivered as failed. */
  abort(): void {
    for (const slot of this.#slots) slot.job.abort();
  }

  #deliver(): void {
    let final = this.#slots[0]?.final;
    while (this.#isOpen && final !== undefined) {
      this.#slots.shift();
      this.#options.onFinal(final);
      final = this.#slots[0]?.final;
    }
    if (!this.#isOpen || this.#slots.length > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

/** One utterance through recognition: decoded at a context that fits it, and once more when in doubt. */
import { type AudioContextRule, audioContextFor } from "./audio-context.ts";
import type { DecodeJob, DecodeRequest, Recogniser, Urgency } from "./recogniser.ts";
import { whisperSampleRateHz } from "./recogniser.ts";
import { type HeardText, better, isDoubtful, weigh } from "./transcript-quality.ts";

/** How utterances are decoded; the same for all calls of a service. */
export interface DecodeSettings {
  /** ISO 639-1 code, or "auto": told by the first good utterance of each call. */
  readonly language: string;
  readonly translate: boolean;
  readonly timestamps: boolean;
  /** Names and words to expect; empty for none. */
  readonly prompt: string;
  readonly audioContext: AudioContextRule;
}

export interface TranscriptionOptions {
  readonly recogniser: Recogniser;
  /** 16 kHz mono; kept by reference until the result is there. */
  readonly samples: Float32Array;
  readonly settings: DecodeSettings;
  readonly language: string;
  readonly prompt: string;
  readonly urgency: Urgency;
}

export interface TranscribedText extends HeardText {
  /** Encoder positions of the try that is believed; 0 for the full context. */
  readonly audioContext: number;
  readonly tries: number;
  /** Waiting and decoding of all tries. */
  readonly queuedMs: number;
  readonly decodeMs: number;
}

export class Transcription {
  /** Rejects with a WildfireError when decoding failed or was aborted. */
  readonly result: Promise<TranscribedText>;
  readonly #options: TranscriptionOptions;
  #urgency: Urgency;
  #job: DecodeJob | undefined;
  #isAborted = false;
  #hasFailed = false;

  constructor(options: TranscriptionOptions) {
    this.#options = options;
    this.#urgency = options.urgency;
    this.result = this.#run();
    // Whoever aborts may have stopped listening.
    this.result.catch(() => {
      this.#hasFailed = true;
    });
  }

  /** True when there will be no text, so that somebody who still needs it must ask again. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get samples(): Float32Array {
    return this.#options.samples;
  }

  /** What was speculative has become the final text. */
  raise(): void {
    this.#urgency = "final";
    this.#job?.raise();
  }

  abort(): void {
    this.#isAborted = true;
    this.#job?.abort();
  }

  async #run(): Promise<TranscribedText> {
    const { recogniser, samples, settings } = this.#options;
    const audioMs = (samples.length * 1000) / whisperSampleRateHz;
    const { modelAudioContext } = recogniser;
    const trimmed = audioContextFor(audioMs, modelAudioContext, settings.audioContext);
    const first = await this.#decode(trimmed);
    // Half a word is doubtful by nature, and who only watches will see the whole one soon.
    const isFinal = this.#urgency !== "partial";
    if (trimmed === 0 || !isFinal || !isDoubtful(first) || this.#isAborted) return first;
    const second = await this.#retry();
    if (second === undefined) return { ...first, tries: 2 };
    return {
      ...(better(first, second) === second ? second : first),
      tries: 2,
      queuedMs: first.queuedMs + second.queuedMs,
      decodeMs: first.decodeMs + second.decodeMs,
    };
  }

  /** Undefined when it failed, for the first text is better than none. */
  async #retry(): Promise<TranscribedText | undefined> {
    try {
      return await this.#decode(0);
    } catch (error) {
      if (this.#isAborted) throw error;
      return undefined;
    }
  }

  async #decode(audioContext: number): Promise<TranscribedText> {
    const { recogniser, samples, settings, language, prompt } = this.#options;
    const request: DecodeRequest = {
      samples,
      audioContext,
      language,
      prompt,
      translate: settings.translate,
      timestamps: settings.timestamps,
      urgency: this.#urgency,
    };
    this.#job = recogniser.submit(request);
    const result = await this.#job.result;
    const { queuedMs, decodeMs } = result;
    return { ...weigh(result), audioContext, tries: 1, queuedMs, decodeMs };
  }
}

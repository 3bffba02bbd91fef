/** What a call has taught about itself so far: its language, and whether the prompt helps. */
import type { TranscribedText } from "./transcription.ts";

/** After so long a silence the talk may be about something else. */
const promptGapMs = 10_000;
/** Mean ln(p) below which a text may have been led astray by the prompt. */
const lowConfidence = -0.8;
/** Below this the language may have been guessed from noise. */
const goodConfidence = -0.7;
const goodUtteranceMs = 1000;

export interface CallContextOptions {
  /** ISO 639-1 code, or "auto". */
  readonly language: string;
  readonly prompt: string;
}

export class CallContext {
  readonly #options: CallContextOptions;
  #language: string;
  #isPromptTrusted = true;
  #lastEndMs: number | undefined;

  constructor(options: CallContextOptions) {
    this.#options = options;
    this.#language = options.language;
  }

  /** "auto" until an utterance was good enough to tell it. */
  get language(): string {
    return this.#language;
  }

  /** The prompt for an utterance that begins `startMs` into the call; empty when it is left out. */
  promptAt(startMs: number): string {
    const gapMs = this.#lastEndMs === undefined ? 0 : startMs - this.#lastEndMs;
    return this.#isPromptTrusted && gapMs <= promptGapMs ? this.#options.prompt : "";
  }

  /** An utterance is done; `endMs` is where in the call it ended. */
  learn(heard: TranscribedText, audioMs: number, endMs: number): void {
    // Utterances are decoded side by side, so that an earlier one may come later.
    this.#lastEndMs = Math.max(this.#lastEndMs ?? 0, endMs);
    if (heard.text === "") return;
    this.#isPromptTrusted = heard.averageLogProbability >= lowConfidence;
    if (this.#language !== "auto" || audioMs < goodUtteranceMs) return;
    if (heard.averageLogProbability >= goodConfidence && !heard.isRepetitive) {
      this.#language = heard.result.language;
    }
  }
}

/** The utterances of one call on their way through recognition: decoded side by side, delivered in order. */
import type { Utterance } from "../audio/utterance-cutter.ts";
import { describeError } from "../core/errors.ts";
import { CallContext } from "./call-context.ts";
import { type DecodedWord, type Recogniser, toMs, whisperSampleRateHz } from "./recogniser.ts";
import { findInvention } from "./transcript-quality.ts";
import { type DecodeSettings, type TranscribedText, Transcription } from "./transcription.ts";

/** An utterance as it is heard; the detector's verdict is missing where nobody asked it. */
export type HeardUtterance = Omit<Utterance, "speechProbability"> & {
  readonly speechProbability?: number;
};

/** The outcome of one utterance; `text` is empty when nothing was said or `error` says what failed. */
export interface FinalTranscript {
  readonly text: string;
  readonly error?: string;
  /** Why a text was thrown away. */
  readonly invention?: { readonly reason: string; readonly text: string };
  readonly language: string;
  /** Times count from the start of the utterance. */
  readonly words: readonly DecodedWord[];
  readonly utterance: HeardUtterance;
  readonly audioMs: number;
  readonly queuedMs: number;
  readonly decodeMs: number;
  /** 1, or 2 when the first text was doubtful. */
  readonly tries: number;
  /** Encoder positions, 0 for the full context. */
  readonly audioContext: number;
  readonly averageLogProbability: number;
  readonly noSpeechProbability: number | undefined;
  /** True when decoding began before the utterance was known to be over. */
  readonly wasForeseen: boolean;
}

interface Slot {
  readonly utterance: HeardUtterance;
  readonly transcription: Transcription;
  readonly wasForeseen: boolean;
  final?: FinalTranscript;
}

interface Foreseen {
  readonly endSample: number;
  readonly transcription: Transcription;
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
  readonly #context: CallContext;
  readonly #slots: Slot[] = [];
  #foreseen: Foreseen | undefined;
  #isOpen = false;
  #waiters: (() => void)[] = [];

  constructor(options: UtteranceLineOptions) {
    this.#options = options;
    this.#context = new CallContext(options.settings);
    void options.after.then(() => {
      this.#isOpen = true;
      this.#deliver();
    });
  }

  /** Utterances that are not delivered yet. */
  get pending(): number {
    return this.#slots.length;
  }

  /** True while a text is made ready, or is, for an utterance that may be over. */
  get isForeseeing(): boolean {
    return this.#foreseen !== undefined;
  }

  /** The caller pauses: the text is made ready in case that this is the end. */
  foresee(utterance: HeardUtterance): void {
    this.retract();
    const transcription = this.#transcribe(utterance, "speculative");
    this.#foreseen = { endSample: utterance.endSample, transcription };
  }

  /** The caller goes on: what was foreseen is not the end. */
  retract(): void {
    this.#foreseen?.transcription.abort();
    this.#foreseen = undefined;
  }

  /** The utterance is over. */
  add(utterance: HeardUtterance): void {
    const foreseen = this.#takeForeseen(utterance);
    const transcription = foreseen ?? this.#transcribe(utterance, "final");
    const slot: Slot = { utterance, transcription, wasForeseen: foreseen !== undefined };
    this.#slots.push(slot);
    transcription.result.then(
      (heard) => {
        slot.final = this.#judge(slot, heard);
        this.#deliver();
      },
      (error: unknown) => {
        slot.final = failedFinal(slot, describeError(error));
        this.#deliver();
      },
    );
  }

  /** A transcription for somebody who watches; nothing is delivered. */
  watch(samples: Float32Array, startMs: number): Transcription {
    const startSample = (startMs * whisperSampleRateHz) / 1000;
    return this.#transcribe({ samples, startSample, endSample: startSample }, "partial");
  }

  /** Resolves when all that was added has been delivered. */
  drained(): Promise<void> {
    if (this.#slots.length === 0 && this.#isOpen) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Gives up what is not decoded yet; it is delivered as failed. */
  abort(): void {
    this.retract();
    for (const slot of this.#slots) slot.transcription.abort();
  }

  #takeForeseen({ endSample }: HeardUtterance): Transcription | undefined {
    const foreseen = this.#foreseen;
    if (foreseen?.endSample !== endSample || foreseen.transcription.hasFailed) {
      this.retract();
      return undefined;
    }
    this.#foreseen = undefined;
    foreseen.transcription.raise();
    return foreseen.transcription;
  }

  #transcribe(
    utterance: HeardUtterance,
    urgency: "final" | "speculative" | "partial",
  ): Transcription {
    const { recogniser, settings } = this.#options;
    return new Transcription({
      recogniser,
      samples: utterance.samples,
      settings,
      language: this.#context.language,
      prompt: this.#context.promptAt(toMs(utterance.startSample)),
      urgency,
    });
  }

  #judge(slot: Slot, heard: TranscribedText): FinalTranscript {
    const { utterance, wasForeseen } = slot;
    const reason = findInvention(heard, utterance.speechProbability);
    const audioMs = toMs(utterance.samples.length);
    if (reason === undefined) this.#context.learn(heard, audioMs, toMs(utterance.endSample));
    const { segments, language, noSpeechProbability } = heard.result;
    const { tries, audioContext, averageLogProbability, queuedMs, decodeMs } = heard;
    return {
      text: reason === undefined ? heard.text : "",
      ...(reason === undefined ? {} : { invention: { reason, text: heard.text } }),
      language,
      words: reason === undefined ? segments.flatMap(({ words }) => words) : [],
      utterance,
      audioMs,
      queuedMs,
      decodeMs,
      tries,
      audioContext,
      averageLogProbability,
      noSpeechProbability,
      wasForeseen,
    };
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

function failedFinal({ utterance, wasForeseen }: Slot, error: string): FinalTranscript {
  return {
    text: "",
    error,
    language: "",
    words: [],
    utterance,
    audioMs: toMs(utterance.samples.length),
    queuedMs: 0,
    decodeMs: 0,
    tries: 1,
    audioContext: 0,
    averageLogProbability: 0,
    noSpeechProbability: undefined,
    wasForeseen,
  };
}

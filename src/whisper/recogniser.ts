/** What the rest of the whisper stage needs from speech recognition: utterances in, transcripts out. */

/** Samples per second of all audio that whisper.cpp hears (WHISPER_SAMPLE_RATE). */
export const whisperSampleRateHz = 16_000;

/** How long so many samples last, in whole milliseconds. */
export function toMs(samples: number): number {
  return Math.round((samples * 1000) / whisperSampleRateHz);
}

/**
 * Who waits for the text: a caller who has finished (`final`), perhaps one who paused
 * (`speculative`), or only somebody who watches (`partial`). Lanes take them in this order.
 */
export type Urgency = "final" | "speculative" | "partial";

export interface DecodeRequest {
  /** Mono, -1..1, 16 kHz. Copied before `submit` returns, so the caller may reuse the buffer. */
  readonly samples: Float32Array;
  /** Encoder positions to compute, 50 per second of audio; 0 is the model's full context. */
  readonly audioContext: number;
  /** ISO 639-1 code such as "en", or "auto". */
  readonly language: string;
  /** Translate to English instead of transcribing. */
  readonly translate: boolean;
  /** Decode with time stamps; without them segments have no inner times. */
  readonly timestamps: boolean;
  /** Names and words to expect; empty for none. Only its last 64 tokens count. */
  readonly prompt: string;
  readonly urgency: Urgency;
}

export interface DecodedWord {
  /** With its punctuation, without the space before it. */
  readonly text: string;
  /** From the start of the utterance; estimated by whisper.cpp from the tokens. */
  readonly startMs: number;
  readonly endMs: number;
  /** 0..1: the geometric mean over its tokens. */
  readonly probability: number;
}

export interface DecodedSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
  /** Mean of ln(p) over the segment's text tokens; 0 when it has none. */
  readonly averageLogProbability: number;
  readonly words: readonly DecodedWord[];
}

export interface DecodeResult {
  readonly segments: readonly DecodedSegment[];
  /**
   * 0..1, of the whole utterance, at the start-of-transcript token and without the prompt, which is
   * where the models were taught it; undefined when the utterance took more than one window.
   */
  readonly noSpeechProbability: number | undefined;
  /** ISO 639-1 code that was used or detected. */
  readonly language: string;
  /** From `submit` to the start on a lane. */
  readonly queuedMs: number;
  /** From the start on a lane to the end. */
  readonly decodeMs: number;
}

export interface DecodeJob {
  /** Rejects with a WildfireError when decoding failed or was aborted. */
  readonly result: Promise<DecodeResult>;
  /** A speculative job has become the final one; harmless once it is done. */
  raise(): void;
  /** Stops the job within 60 ms, queued or running; harmless once it is done. */
  abort(): void;
}

export interface RecogniserStatus {
  readonly lanes: number;
  readonly queued: number;
  readonly running: number;
  readonly completed: number;
  readonly aborted: number;
  readonly failed: number;
  /** Time that lanes have spent decoding, aborted jobs included. */
  readonly busyMs: number;
}

export interface Recogniser {
  /** Encoder positions of the model: 1500 for OpenAI's. */
  readonly modelAudioContext: number;
  /** Lanes that nothing waits for: a job submitted now would start at once. */
  readonly idleLanes: number;
  submit(request: DecodeRequest): DecodeJob;
  status(): RecogniserStatus;
  /** Aborts what is left and frees the model and all lanes. */
  close(): Promise<void>;
}

/** What the rest of the whisper stage needs from speech recognition: utterances in, transcripts out. */

/** Samples per second of all audio that whisper.cpp hears (WHISPER_SAMPLE_RATE). */
export const whisperSampleRateHz = 16_000;

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
}

export interface DecodedSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
  /** 0..1; meaningful with time stamps only, whisper.cpp leaves it stale otherwise. */
  readonly noSpeechProbability: number;
  /** Mean of ln(p) over the segment's text tokens; 0 when it has none. */
  readonly averageLogProbability: number;
}

export interface DecodeResult {
  readonly segments: readonly DecodedSegment[];
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
}

export interface Recogniser {
  submit(request: DecodeRequest): DecodeJob;
  status(): RecogniserStatus;
  /** Aborts what is left and frees the model and all lanes. */
  close(): Promise<void>;
}

/** What the whisper stage needs from voice activity detection: windows of sound in, probabilities out. */

/** Samples in a window of the Silero detector at 16 kHz: 32 ms. */
export const voiceWindowSamples = 512;

/** One stream of sound, which keeps the detector's memory from window to window. */
export interface VoiceStream {
  /**
   * Queues one or more whole windows (a multiple of 512 samples, 16 kHz mono, copied). Each yields
   * one probability, in order. `forget` clears the memory first: what follows does not continue what
   * was pushed before. False when too much of this stream
   * waits: nothing was taken, push again when probabilities have come.
   */
  push(windows: Float32Array, forget: boolean): boolean;
  /** Frees the stream; probabilities that are still on their way never come. */
  close(): void;
}

export interface VoiceListener {
  /** Probabilities of speech (0..1), one a window, oldest first; valid until this returns. */
  probabilities(values: Float32Array): void;
  /** The detector broke; no more probabilities will come. */
  failed(error: Error): void;
}

export interface VoiceActivityStatus {
  readonly streams: number;
  /** Windows that wait to be judged. */
  readonly queued: number;
  readonly windows: number;
  /** Processor time that the detector has used. */
  readonly busyMs: number;
}

export interface VoiceActivity {
  /** Throws a WildfireError when there is no memory or the detector is closed. */
  open(listener: VoiceListener): VoiceStream;
  status(): VoiceActivityStatus;
  close(): Promise<void>;
}

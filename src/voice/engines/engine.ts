/** What every speech engine is: text in, sound out, and it stops when it is told to. */
import { WildfireError } from "../../core/errors.ts";

export interface SpeechRequest {
  /** One clause or a few, plain words; never empty. */
  readonly text: string;
  /** A name of this engine; its own choice unless given. */
  readonly voice?: string | undefined;
  /** 1 is the natural pace, 2 twice as fast. */
  readonly speed?: number | undefined;
  /** BCP 47, such as `en` or `de-AT`. */
  readonly language?: string | undefined;
  /** For so long nobody minds silence; then another engine may be asked as well. For ever unless given. */
  readonly patienceMs?: number | undefined;
}

export interface SpeechSink {
  /** A view that is valid during the call only, -1..1. The rate may differ from engine to engine. */
  samples(samples: Float32Array, rateHz: number): void;
  /** Told before the first samples by an engine that chooses among others. */
  spokenBy?(engine: string): void;
}

export interface SpeechEngine {
  readonly name: string;
  /** Names for `SpeechRequest.voice`; empty where the engine cannot list them, or not yet. */
  readonly voices: readonly string[];
  /**
   * Resolves when all sound has been given. Rejects with a WildfireError; after an abort within 50 ms,
   * and from the abort on nothing more is given.
   */
  speak(request: SpeechRequest, sink: SpeechSink, signal: AbortSignal): Promise<void>;
  /** Ends what is being spoken and frees everything; may be called twice. */
  close(): Promise<void>;
}

/** What `speak` rejects with after an abort. */
export function speechAborted(): WildfireError {
  return new WildfireError("state", "the speech was aborted");
}

/** What `speak` rejects with once the engine is closed. */
export function engineClosed(name: string): WildfireError {
  return new WildfireError("state", `the speech engine ${name} is closed`);
}

/** A phone number that is read digit by digit is the slowest text that people mean to have spoken. */
const slowestMsPerCharacter = 400;
const briefestLimitMs = 5000;

/** More sound than this for a text is a fault of the engine, and is not listened to. */
export function longestSpeechMs({ text, speed = 1 }: SpeechRequest): number {
  return (
    briefestLimitMs + (slowestMsPerCharacter * text.length) / Math.min(1, Math.max(0.1, speed))
  );
}

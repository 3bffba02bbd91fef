/** What a call's hearing tells to those who watch: the event stream and the recorder. */
import type { CallerSignal } from "./caller-activity-states.ts";
import type { FinalTranscript } from "./utterance-line.ts";

/** How a turn came to its text, in the time of the call. */
export interface TurnTiming {
  /** Silence after which it counted as over; 0 where the sender cut, or one who speaks on was split. */
  readonly silenceMs: number;
  /** From there until the text was delivered. */
  readonly textMs: number;
}

/** Times are milliseconds from the start of the call's audio. */
export type HearingEvent =
  | { readonly kind: "speech-start"; readonly atMs: number }
  /** What others are told of the caller, and how much had been heard by then. */
  | { readonly kind: CallerSignal; readonly atMs: number }
  | {
      readonly kind: "partial";
      readonly startMs: number;
      /** Will not change any more. */
      readonly committed: string;
      readonly tentative: string;
    }
  | {
      readonly kind: "final";
      readonly startMs: number;
      readonly final: FinalTranscript;
      /** Of calls only: recordings are heard at another pace. */
      readonly turn?: TurnTiming;
    };

export type HearingListener = (event: HearingEvent) => void;

/** What a call in the whisper service tells: what is heard, between its beginning and its end. */
export type CallHearingEvent =
  | HearingEvent
  /** Its sound is connected. */
  | { readonly kind: "began" }
  /** The last text is delivered. */
  | {
      readonly kind: "ended";
      /** Why, in one line. */
      readonly reason: string;
      /** Of all sound that came. */
      readonly audioMs: number;
      readonly utterances: number;
      readonly transcripts: number;
      /** Utterances that could not be transcribed. */
      readonly failed: number;
    };

/** What a call's hearing tells to those who watch: the event stream, the recorder, later the web page. */
import type { FinalTranscript } from "./utterance-line.ts";

/** Times are milliseconds from the start of the call's audio. */
export type HearingEvent =
  | { readonly kind: "speech-start"; readonly atMs: number }
  | {
      readonly kind: "partial";
      readonly startMs: number;
      /** Will not change any more. */
      readonly committed: string;
      readonly tentative: string;
    }
  | { readonly kind: "final"; readonly startMs: number; readonly final: FinalTranscript };

export type HearingListener = (event: HearingEvent) => void;

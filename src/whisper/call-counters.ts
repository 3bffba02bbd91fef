/** What is counted of one call, and how it is shown. */
import type { CallState } from "./call-states.ts";

export interface CallCounters {
  chunks: number;
  audioMs: number;
  transcripts: number;
  empty: number;
  /** Texts thrown away because whisper made them up. */
  invented: number;
  failed: number;
  badSamples: number;
  notReturned: number;
  registers: number;
}

export function createCounters(): CallCounters {
  return {
    chunks: 0,
    audioMs: 0,
    transcripts: 0,
    empty: 0,
    invented: 0,
    failed: 0,
    badSamples: 0,
    notReturned: 0,
    registers: 1,
  };
}

export interface CallStatus extends Readonly<CallCounters> {
  readonly callId: string;
  readonly key: string;
  readonly state: CallState;
  readonly ageMs: number;
  /** Found so far. */
  readonly utterances: number;
  /** Found and not delivered. */
  readonly pendingUtterances: number;
  /** The caller pauses, and the text is made ready in case that the turn is over. */
  readonly isDecodingAhead: boolean;
  readonly peer: string;
}

/** Whether a caller speaks, and what is told of it, as a table. */

/** What others are told of a caller; the words of the protocol. */
export type CallerSignal = "pause" | "resume" | "speech" | "silence";

/**
 * quiet: nobody speaks, for all that was told; hushed: there is sound that may become speech, and the
 * agent waits; talking: the caller speaks; closing: their utterance is over, its text is not out.
 */
export type CallerState = "quiet" | "hushed" | "talking" | "closing";

/**
 * onset: sound that may be speech begins; voice: a window that is speech; length: the utterance holds
 * more of that than a back-channel does; lull: the sound has ended for now; over: no utterance is
 * open; settled: none is open and all texts are out; end: the call is over.
 */
export type CallerInput = "onset" | "voice" | "length" | "lull" | "over" | "settled" | "end";

export interface CallerStep {
  readonly state: CallerState;
  readonly tell?: CallerSignal;
}

const pausing: CallerStep = { state: "hushed", tell: "pause" };
const resuming: CallerStep = { state: "quiet", tell: "resume" };
const speaking: CallerStep = { state: "talking", tell: "speech" };
const silent: CallerStep = { state: "quiet", tell: "silence" };

const table: Readonly<Record<CallerState, Readonly<Partial<Record<CallerInput, CallerStep>>>>> = {
  quiet: { onset: pausing, voice: pausing, length: speaking },
  hushed: { length: speaking, lull: resuming, end: resuming },
  talking: { over: { state: "closing" }, end: silent },
  // Who goes on before the text is out has not stopped, as far as anybody was told.
  closing: {
    voice: { state: "talking" },
    length: { state: "talking" },
    settled: silent,
    end: silent,
  },
};

/** Undefined for inputs that mean nothing in a state. */
export function nextCallerStep(state: CallerState, input: CallerInput): CallerStep | undefined {
  return table[state][input];
}

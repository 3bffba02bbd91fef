/** The life of one call in the whisper service, as a table. */

/**
 * connecting: the TCP connection to inbound is being opened; overtaken: the same, but BYE was faster,
 * and a short call may have said all it had; greeting: HELLO is awaited; hearing: audio arrives;
 * ending: BYE came over UDP and audio sent before it may still be on its way; draining: no more
 * audio, what was heard is being transcribed; ended: everything is freed.
 */
export type CallState =
  "connecting" | "overtaken" | "greeting" | "hearing" | "ending" | "draining" | "ended";

export type CallInput =
  | "connected"
  | "failed"
  | "hello"
  | "marker"
  | "closed"
  | "violation"
  | "timeout"
  | "bye"
  | "quiet"
  | "shutdown"
  | "drained";

const table: Readonly<Record<CallState, Readonly<Partial<Record<CallInput, CallState>>>>> = {
  connecting: { connected: "greeting", failed: "ended", bye: "overtaken", shutdown: "ended" },
  overtaken: { connected: "ending", failed: "ended", shutdown: "ended" },
  greeting: {
    hello: "hearing",
    bye: "ending",
    marker: "ended",
    closed: "ended",
    violation: "ended",
    timeout: "ended",
    shutdown: "ended",
  },
  hearing: {
    bye: "ending",
    marker: "draining",
    closed: "draining",
    violation: "draining",
    timeout: "draining",
    shutdown: "draining",
  },
  ending: {
    marker: "draining",
    closed: "draining",
    violation: "draining",
    timeout: "draining",
    quiet: "draining",
    shutdown: "draining",
  },
  draining: { drained: "ended" },
  ended: {},
};

/** The next state; inputs that mean nothing in a state leave it as it is. */
export function nextCallState(state: CallState, input: CallInput): CallState {
  return table[state][input] ?? state;
}

/** While this is true another REGISTER for the same id belongs to the same call. */
export function isCallUp(state: CallState): boolean {
  return state === "connecting" || state === "greeting" || state === "hearing";
}

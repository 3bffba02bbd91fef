/** The life of one call as a table (RFC 3261 sections 9, 13 and 15). */

/**
 * incoming: an INVITE waits for our answer; accepting: our 200 waits for its ACK; unacknowledged: the
 * same, but we have hung up, which may be said after the ACK only; calling: our INVITE is out;
 * ringing: the peer has it; cancelling: we gave up, and what the peer decides is awaited; up: the
 * call; terminating: our BYE is out; ended: nothing is left.
 */
export type CallState =
  | "incoming"
  | "accepting"
  | "unacknowledged"
  | "calling"
  | "ringing"
  | "cancelling"
  | "up"
  | "terminating"
  | "ended";

export type CallInput =
  /** We: answer, refuse, hang up. */
  | "accept"
  | "reject"
  | "hang-up"
  /** The peer: CANCEL, ACK, 1xx, 2xx, 3xx to 6xx or no answer, BYE. */
  | "cancelled"
  | "acknowledged"
  | "provisional"
  | "accepted"
  | "refused"
  | "bye"
  /** No ACK within 64 * T1; our BYE was answered or timed out. */
  | "ack-missing"
  | "bye-done";

const table: Readonly<Record<CallState, Readonly<Partial<Record<CallInput, CallState>>>>> = {
  incoming: {
    accept: "accepting",
    reject: "ended",
    "hang-up": "ended",
    cancelled: "ended",
    bye: "ended",
  },
  // Until a PRACK is there our 200 is held back, and all can still be taken back.
  accepting: {
    reject: "ended",
    cancelled: "ended",
    acknowledged: "up",
    "hang-up": "unacknowledged",
    bye: "ended",
    "ack-missing": "terminating",
  },
  unacknowledged: {
    reject: "ended",
    cancelled: "ended",
    acknowledged: "terminating",
    bye: "ended",
    "ack-missing": "terminating",
  },
  calling: {
    provisional: "ringing",
    accepted: "up",
    refused: "ended",
    "hang-up": "cancelling",
    bye: "ended",
  },
  ringing: { accepted: "up", refused: "ended", "hang-up": "cancelling", bye: "ended" },
  cancelling: { accepted: "terminating", refused: "ended", bye: "ended" },
  up: { "hang-up": "terminating", bye: "ended" },
  terminating: { "bye-done": "ended", bye: "ended" },
  ended: {},
};

/** The next state; inputs that mean nothing in a state leave it as it is. */
export function nextCallState(state: CallState, input: CallInput): CallState {
  return table[state][input] ?? state;
}

/** Somebody may still hear or say something; in all other states only signalling is left to do. */
export function isAlive(state: CallState): boolean {
  return (
    state === "incoming" ||
    state === "accepting" ||
    state === "calling" ||
    state === "ringing" ||
    state === "up"
  );
}

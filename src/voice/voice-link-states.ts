/** The states of the way to outbound for one call; pure. */

/** `announcing`: outbound is told to connect. */
export type VoiceLinkState = "announcing" | "open" | "closed";

/** `hello`: a connection said whose it is. `lost`: the connection that was in use is over. */
export type VoiceLinkInput = "hello" | "lost" | "close";

const table: Readonly<
  Record<VoiceLinkState, Readonly<Partial<Record<VoiceLinkInput, VoiceLinkState>>>>
> = {
  announcing: { hello: "open", close: "closed" },
  open: { lost: "announcing", close: "closed" },
  closed: {},
};

/** The next state; inputs that mean nothing in a state leave it as it is. */
export function nextVoiceLinkState(state: VoiceLinkState, input: VoiceLinkInput): VoiceLinkState {
  return table[state][input] ?? state;
}

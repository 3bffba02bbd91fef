/** The life of one line's registration (RFC 3261 section 10.2), as a table. */

/**
 * registering: the PBX does not know us and is being asked; refreshing: it knows us and is asked to go
 * on; waiting: nobody answered, or the PBX is in trouble, and it is tried again soon; refused: the
 * PBX said no, so that trying soon is of no use; unregistering: good-bye is being said.
 */
export type RegistrationState =
  | "idle"
  | "registering"
  | "registered"
  | "refreshing"
  | "waiting"
  | "refused"
  | "unregistering"
  | "stopped";

/** due: the time of the state is over; moved: our address or the network is another one. */
export type RegistrationInput =
  "start" | "granted" | "away" | "refused" | "due" | "moved" | "flow-lost" | "stop" | "parted";

const table: Readonly<
  Record<RegistrationState, Readonly<Partial<Record<RegistrationInput, RegistrationState>>>>
> = {
  idle: { start: "registering", stop: "stopped" },
  registering: {
    granted: "registered",
    away: "waiting",
    refused: "refused",
    moved: "registering",
    stop: "unregistering",
  },
  registered: {
    due: "refreshing",
    moved: "refreshing",
    "flow-lost": "waiting",
    stop: "unregistering",
  },
  refreshing: {
    granted: "registered",
    away: "waiting",
    refused: "refused",
    moved: "refreshing",
    stop: "unregistering",
  },
  waiting: { due: "registering", moved: "registering", stop: "unregistering" },
  refused: { due: "registering", moved: "registering", stop: "unregistering" },
  unregistering: { due: "stopped", parted: "stopped" },
  stopped: {},
};

/** The state that the input leads to, which may be entered anew; undefined: it means nothing here. */
export function nextRegistrationState(
  state: RegistrationState,
  input: RegistrationInput,
): RegistrationState | undefined {
  return table[state][input];
}

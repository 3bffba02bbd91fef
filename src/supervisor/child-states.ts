/** The states of one supervised service: pure, so that each rule has a test. */

/**
 * `draining`: it takes no new calls and those that are up may end. `waiting`: it ended by itself and is
 * started again after a pause. `given-up`: it ended too often; only a person starts it again.
 */
export type ChildState =
  "stopped" | "starting" | "ready" | "draining" | "stopping" | "waiting" | "given-up";

/**
 * `gone`: it ended as it was asked to. `again`: likewise, and it is to run once more. `failed`: it ended
 * by itself or was ended because it was ill. `hopeless`: likewise, and no further start is worth it.
 * `due`: the pause before the next start is over. `undrain`: it is to take calls again.
 */
export type ChildInput =
  | "start"
  | "ready"
  | "drain"
  | "undrain"
  | "stop"
  | "gone"
  | "again"
  | "failed"
  | "hopeless"
  | "due";

const ends = { failed: "waiting", hopeless: "given-up" } as const;
const endsAsAsked = { gone: "stopped", again: "starting" } as const;

const table: Readonly<Record<ChildState, Readonly<Partial<Record<ChildInput, ChildState>>>>> = {
  stopped: { start: "starting" },
  starting: { ready: "ready", stop: "stopping", ...ends },
  ready: { drain: "draining", stop: "stopping", ...ends },
  draining: { undrain: "ready", stop: "stopping", ...endsAsAsked },
  stopping: { ...endsAsAsked, ...ends },
  waiting: { due: "starting", start: "starting", stop: "stopped" },
  "given-up": { start: "starting", stop: "stopped" },
};

/** The next state; inputs that mean nothing in a state leave it as it is. */
export function nextChildState(state: ChildState, input: ChildInput): ChildState {
  return table[state][input] ?? state;
}

/** True while a process exists. */
export function hasProcess(state: ChildState): boolean {
  return state === "starting" || state === "ready" || state === "draining" || state === "stopping";
}

/** The states of a call's turns: who is to speak, and what is waited for; pure. */

/**
 * `idle`: the caller is to speak. `gathering`: they do, or have just stopped and their text is awaited.
 * `asking`: the model has not begun to answer. `answering`: it has. `acting`: its tools are at work.
 * `speaking`: the answer is complete and being played.
 */
export type TurnState =
  "idle" | "gathering" | "asking" | "answering" | "acting" | "speaking" | "closed";

/**
 * `speech`: the caller has begun to talk. `ready`: they have said something and do not talk.
 * `nothing`: they have stopped, and nothing is owed to them. `say`: there is something to be said that
 * no model made. `resume`: they were not interrupting at all, what was left unheard is said. `piece`: a part of the answer. `act`: the answer calls tools. `again`: the model is
 * asked once more in the same turn. `end`: the answer is complete. `silent`: there is nothing to play.
 * `played`: the caller has heard all of it.
 */
export type TurnInput =
  | "speech"
  | "ready"
  | "nothing"
  | "say"
  | "resume"
  | "piece"
  | "act"
  | "again"
  | "end"
  | "silent"
  | "played"
  | "close";

type Row = Readonly<Partial<Record<TurnInput, TurnState>>>;

/** Whenever the caller talks, the agent stops; whenever they have said something, it is answered. */
const interruptible: Row = { speech: "gathering", ready: "asking", close: "closed" };

const table: Readonly<Record<TurnState, Row>> = {
  idle: { ...interruptible, say: "speaking" },
  gathering: { ready: "asking", resume: "speaking", nothing: "idle", close: "closed" },
  asking: {
    ...interruptible,
    piece: "answering",
    act: "acting",
    again: "asking",
    end: "speaking",
    say: "speaking",
    silent: "idle",
  },
  answering: { ...interruptible, act: "acting", end: "speaking", say: "speaking", again: "asking" },
  acting: { ...interruptible, again: "asking", end: "speaking", say: "speaking", silent: "idle" },
  speaking: { ...interruptible, act: "acting", again: "asking", played: "idle", silent: "idle" },
  closed: {},
};

/** The next state; inputs that mean nothing in a state leave it as it is. */
export function nextTurnState(state: TurnState, input: TurnInput): TurnState {
  return table[state][input] ?? state;
}

/** True when the input means something in that state. */
export function isTurnInput(state: TurnState, input: TurnInput): boolean {
  return table[state][input] !== undefined;
}

/** True while the agent prepares or says something, which the caller may interrupt. */
export function isAgentsTurn(state: TurnState): boolean {
  return state !== "idle" && state !== "gathering" && state !== "closed";
}

/** The states of one receiver of webhooks: pure, so that each rule has a test. */

/**
 * `open`: it takes what there is. `pausing`: it failed, and is left alone for a while. `probing`: one
 * message is tried, and the others wait for what becomes of it. `gone`: it answered 410 and wants no more.
 */
export type ReceiverState = "open" | "pausing" | "probing" | "gone";

/** `due`: the pause is over. `revived`: a person's test reached it. */
export type ReceiverInput = "delivered" | "failed" | "due" | "gone" | "revived";

const always = { gone: "gone", revived: "open" } as const;

const table: Readonly<
  Record<ReceiverState, Readonly<Partial<Record<ReceiverInput, ReceiverState>>>>
> = {
  open: { failed: "pausing", ...always },
  // What was under way when it began to fail may still arrive.
  pausing: { due: "probing", delivered: "open", ...always },
  probing: { delivered: "open", failed: "pausing", ...always },
  gone: { revived: "open" },
};

/** The next state; inputs that mean nothing in a state leave it as it is. */
export function nextReceiverState(state: ReceiverState, input: ReceiverInput): ReceiverState {
  return table[state][input] ?? state;
}

/** How many messages may be under way at a time. */
export function sendsAtOnce(state: ReceiverState): number {
  if (state === "probing") return 1;
  return state === "open" ? 4 : 0;
}

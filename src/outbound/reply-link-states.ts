/** The states of the link to the voice of one call: pure, so that each rule has a test. */

/**
 * `waiting`: for a REGISTER. `spent`: the peer has said that it is through with this connection; what
 * it sends all the same is heard, and its next REGISTER means a new connection.
 */
export type ReplyLinkState = "waiting" | "connecting" | "open" | "spent" | "closed";

/**
 * `ignored`: the peer goes on asking although we are connected, so it does not see the connection.
 * `ended`: end marker or BYE. `resumed`: audio behind the end marker.
 */
export type ReplyLinkInput =
  "register" | "ignored" | "opened" | "failed" | "ended" | "resumed" | "lost" | "close";

const table: Readonly<
  Record<ReplyLinkState, Readonly<Partial<Record<ReplyLinkInput, ReplyLinkState>>>>
> = {
  waiting: { register: "connecting", close: "closed" },
  connecting: { opened: "open", failed: "waiting", close: "closed" },
  open: { ignored: "connecting", ended: "spent", lost: "waiting", close: "closed" },
  spent: { register: "connecting", resumed: "open", lost: "waiting", close: "closed" },
  closed: {},
};

/** The next state; inputs that mean nothing in a state leave it as it is. */
export function nextReplyLinkState(state: ReplyLinkState, input: ReplyLinkInput): ReplyLinkState {
  return table[state][input] ?? state;
}

/** REGISTERs in a row, over at least this time and without any audio between them. */
const ignoredAfterCount = 3;
const ignoredAfterMs = 400;

/**
 * Tells a peer that does not see our connection from one whose REGISTERs were under way when we
 * connected: only the former goes on asking.
 */
export class RegisterWatch {
  #count = 0;
  #firstAtMs = 0;

  /** Audio came, or a connection was opened. */
  heard(): void {
    this.#count = 0;
  }

  /** True when the peer must be taken for one that does not see the connection. */
  register(nowMs: number): boolean {
    if (this.#count === 0) this.#firstAtMs = nowMs;
    this.#count += 1;
    return this.#count >= ignoredAfterCount && nowMs - this.#firstAtMs >= ignoredAfterMs;
  }
}

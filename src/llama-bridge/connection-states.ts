/** The states of one connection for texts, and when to try again: pure, so that each rule has a test. */

export type ConnectionState = "idle" | "connecting" | "open" | "waiting" | "closed";

/** `wanted`: a call or a waiting text needs the connection; `unwanted`: nothing does any more. */
export type ConnectionInput =
  "wanted" | "unwanted" | "opened" | "failed" | "lost" | "retry" | "close";

const table: Readonly<
  Record<ConnectionState, Readonly<Partial<Record<ConnectionInput, ConnectionState>>>>
> = {
  idle: { wanted: "connecting", close: "closed" },
  connecting: { opened: "open", failed: "waiting", close: "closed" },
  open: { lost: "waiting", close: "closed" },
  waiting: { retry: "connecting", unwanted: "idle", close: "closed" },
  closed: {},
};

/** The next state; inputs that mean nothing in a state leave it as it is. */
export function nextConnectionState(
  state: ConnectionState,
  input: ConnectionInput,
): ConnectionState {
  return table[state][input] ?? state;
}

const quickRetries = 5;
const quickRetryMs = 200;
const slowRetryMs = 1000;

/** How long to wait after the `failures`-th failure in a row (from 1): 5 times 200 ms, then 1 s. */
export function reconnectDelayMs(failures: number): number {
  return failures <= quickRetries ? quickRetryMs : slowRetryMs;
}

/** What the transaction layer counts, for `wildfire status` and for tests. */

export interface TransactionCounters {
  /** Transactions begun: requests sent, requests taken. */
  sent: number;
  taken: number;
  /** Copies that were sent because an answer or an ACK was missing. */
  retransmissions: number;
  /** Copies from peers that were taken for what they are. */
  absorbed: number;
  /** ACKs that belong to no transaction, so to a 2xx. */
  strayAcks: number;
  cancels: number;
  /** Requests that came on a second way as well: 482. */
  merged: number;
  /** Requests beyond the limit: 503. */
  refused: number;
  /** Responses that answer nothing; and those whose Via is not ours. */
  strayResponses: number;
  foreignResponses: number;
  /** Requests without Via, which nobody can answer. */
  withoutVia: number;
  /** Nobody answered our request; nobody acknowledged our refusal. */
  timeouts: number;
  unacknowledged: number;
  /** Messages that a flow did not take. */
  sendFailures: number;
}

export interface TransactionStatus extends TransactionCounters {
  /** Transactions alive, those included that only absorb copies. */
  readonly clients: number;
  readonly servers: number;
}

export function createTransactionCounters(): TransactionCounters {
  return {
    sent: 0,
    taken: 0,
    retransmissions: 0,
    absorbed: 0,
    strayAcks: 0,
    cancels: 0,
    merged: 0,
    refused: 0,
    strayResponses: 0,
    foreignResponses: 0,
    withoutVia: 0,
    timeouts: 0,
    unacknowledged: 0,
    sendFailures: 0,
  };
}

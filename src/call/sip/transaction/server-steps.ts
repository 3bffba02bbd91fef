/** What can happen to a server transaction and what it then does: the words of both server tables. */

/**
 * A response that the flow does not take is no input: it counts as lost, and whoever waits for it
 * asks for it again. What ends a transaction is the end of its flow.
 */
export type ServerInput =
  /** The peer: its request once more; ACK with the branch of the INVITE. */
  | "retransmission"
  | "ack"
  /** The user: 1xx, 2xx, 3xx to 6xx. */
  | "answerProvisional"
  | "answerSuccess"
  | "answerFailure"
  | "flowClosed";

export type ServerAction =
  /** The response that came with the input. */
  | "send"
  /** The last one once more: because the peer asked for it, or because its ACK is missing. */
  | "answerAgain"
  | "retransmit"
  /** 100 on behalf of the user. */
  | "sendTrying"
  | "passAck"
  | "reportUnacknowledged"
  | "reportBroken";

/** What can happen to a client transaction and what it then does: the words of both client tables. */

export type ClientInput =
  /** Responses: 1xx, 2xx, 3xx to 6xx. */
  | "provisional"
  | "success"
  | "failure"
  /** Its user: CANCEL it; nobody is interested any more. */
  | "cancel"
  | "abandon"
  /** The flow did not take a message; the flow is gone. */
  | "sendFailed"
  | "flowClosed";

export type ClientAction =
  | "resend"
  /** Makes and sends the ACK to a response of 300 to 699. */
  | "acknowledge"
  | "sendCancel"
  | "reportProvisional"
  | "reportFinal"
  | "reportTimedOut"
  | "reportFailed";

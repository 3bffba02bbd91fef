/** The server transaction of all requests but INVITE and ACK as a table (RFC 3261 section 17.2.2). */
import type { ServerAction, ServerInput } from "./server-steps.ts";
import { transactionMs } from "./timer-values.ts";
import { type MachineTable, to } from "./transaction-machine.ts";

/** trying: not answered; proceeding: a 1xx is out; completed: answered, copies get the same answer. */
export type NonInviteServerState = "trying" | "proceeding" | "completed";

/** J of the standard, and the peer's own F: when that has run out, nobody waits for an answer. */
export type NonInviteServerTimer = "F" | "J";

const untilAnswered = {
  timerF: to("terminated"),
  timerJ: "impossible",
  // ACK is looked for among INVITEs only.
  ack: "ignored",
  answerProvisional: to("proceeding", "send"),
  answerSuccess: to("completed", "send"),
  answerFailure: to("completed", "send"),
  flowClosed: to("terminated"),
} as const;

export const nonInviteServerTable: MachineTable<
  NonInviteServerState,
  ServerInput,
  ServerAction,
  NonInviteServerTimer
> = {
  initial: "trying",
  timers: { trying: ["F"], proceeding: ["F"], completed: ["J"] },
  cells: {
    trying: { ...untilAnswered, retransmission: "ignored" },
    proceeding: { ...untilAnswered, retransmission: to("proceeding", "answerAgain") },
    completed: {
      timerF: "impossible",
      timerJ: to("terminated"),
      retransmission: to("completed", "answerAgain"),
      ack: "ignored",
      answerProvisional: "ignored",
      answerSuccess: "ignored",
      answerFailure: "ignored",
      flowClosed: to("terminated"),
    },
  },
  timerMs(timer, { isReliable }) {
    return timer === "J" && isReliable ? 0 : transactionMs;
  },
};

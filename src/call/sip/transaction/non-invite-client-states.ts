/** The client transaction of all requests but INVITE and ACK as a table (RFC 3261 section 17.1.2). */
import type { ClientAction, ClientInput } from "./client-steps.ts";
import { cappedBackOffMs, t2Ms, t4Ms, transactionMs } from "./timer-values.ts";
import { type MachineTable, to } from "./transaction-machine.ts";

/** trying: nothing came back yet; proceeding: a 1xx did; completed: answered, copies are absorbed. */
export type NonInviteClientState = "trying" | "proceeding" | "completed";

export type NonInviteClientTimer = "E" | "F" | "K";

const untilAnswered = {
  timerF: to("terminated", "reportTimedOut"),
  timerK: "impossible",
  provisional: to("proceeding", "reportProvisional"),
  success: to("completed", "reportFinal"),
  failure: to("completed", "reportFinal"),
  // Only an INVITE can be cancelled (section 9.1).
  cancel: "ignored",
  abandon: to("terminated"),
  sendFailed: to("terminated", "reportFailed"),
  flowClosed: to("terminated", "reportFailed"),
} as const;

export const nonInviteClientTable: MachineTable<
  NonInviteClientState,
  ClientInput,
  ClientAction,
  NonInviteClientTimer
> = {
  initial: "trying",
  timers: { trying: ["E", "F"], proceeding: ["E", "F"], completed: ["K"] },
  cells: {
    trying: { ...untilAnswered, timerE: to("trying", "resend") },
    proceeding: { ...untilAnswered, timerE: to("proceeding", "resend") },
    completed: {
      timerE: "impossible",
      timerF: "impossible",
      timerK: to("terminated"),
      provisional: "ignored",
      success: "ignored",
      failure: "ignored",
      cancel: "ignored",
      abandon: "ignored",
      sendFailed: "ignored",
      flowClosed: to("terminated"),
    },
  },
  timerMs(timer, { state, fired, isReliable }) {
    switch (timer) {
      case "E":
        if (isReliable) return undefined;
        return state === "proceeding" ? t2Ms : cappedBackOffMs(fired);
      case "F":
        return transactionMs;
      case "K":
        return isReliable ? 0 : t4Ms;
    }
  },
};

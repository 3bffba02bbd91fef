/** The INVITE client transaction as a table (RFC 3261 section 17.1.1, RFC 6026 section 7.2). */
import type { ClientAction, ClientInput } from "./client-steps.ts";
import { t1Ms, timerDMs, transactionMs } from "./timer-values.ts";
import { type MachineTable, to } from "./transaction-machine.ts";

/**
 * calling: nothing came back yet; withdrawn: the same, but its user has given up, which may be said
 * after the first provisional response only (section 9.1); proceeding: the peer works on it;
 * cancelling: CANCEL is out; completed: refused, and the refusal may come again; accepted: a 2xx was
 * handed up, and more may come, from other branches too.
 */
export type InviteClientState =
  "calling" | "withdrawn" | "proceeding" | "cancelling" | "completed" | "accepted";

/** A, B, D and M of the standard; Cancel bounds the wait for what a CANCEL leads to. */
export type InviteClientTimer = "A" | "B" | "D" | "M" | "Cancel";

const noTimerRuns = {
  timerA: "impossible",
  timerB: "impossible",
  timerD: "impossible",
  timerM: "impossible",
  timerCancel: "impossible",
} as const;

export const inviteClientTable: MachineTable<
  InviteClientState,
  ClientInput,
  ClientAction,
  InviteClientTimer
> = {
  initial: "calling",
  timers: {
    calling: ["A", "B"],
    withdrawn: ["A", "B"],
    proceeding: [],
    cancelling: ["Cancel"],
    completed: ["D"],
    accepted: ["M"],
  },
  cells: {
    calling: {
      ...noTimerRuns,
      timerA: to("calling", "resend"),
      timerB: to("terminated", "reportTimedOut"),
      provisional: to("proceeding", "reportProvisional"),
      success: to("accepted", "reportFinal"),
      failure: to("completed", "acknowledge", "reportFinal"),
      cancel: to("withdrawn"),
      abandon: to("terminated"),
      sendFailed: to("terminated", "reportFailed"),
      flowClosed: to("terminated", "reportFailed"),
    },
    withdrawn: {
      ...noTimerRuns,
      timerA: to("withdrawn", "resend"),
      timerB: to("terminated", "reportTimedOut"),
      provisional: to("cancelling", "sendCancel", "reportProvisional"),
      success: to("accepted", "reportFinal"),
      failure: to("completed", "acknowledge", "reportFinal"),
      cancel: "ignored",
      // The peer may be ringing already: it has to hear of the CANCEL.
      abandon: "ignored",
      sendFailed: to("terminated", "reportFailed"),
      flowClosed: to("terminated", "reportFailed"),
    },
    proceeding: {
      ...noTimerRuns,
      provisional: to("proceeding", "reportProvisional"),
      success: to("accepted", "reportFinal"),
      failure: to("completed", "acknowledge", "reportFinal"),
      cancel: to("cancelling", "sendCancel"),
      abandon: to("terminated"),
      // It was about a copy of what the peer evidently has.
      sendFailed: "ignored",
      flowClosed: to("terminated", "reportFailed"),
    },
    cancelling: {
      ...noTimerRuns,
      timerCancel: to("terminated", "reportTimedOut"),
      provisional: to("cancelling", "reportProvisional"),
      success: to("accepted", "reportFinal"),
      failure: to("completed", "acknowledge", "reportFinal"),
      cancel: "ignored",
      // The 487 that is on its way needs its ACK.
      abandon: "ignored",
      sendFailed: "ignored",
      flowClosed: to("terminated", "reportFailed"),
    },
    completed: {
      ...noTimerRuns,
      timerD: to("terminated"),
      provisional: "ignored",
      // A proxy forwards the 2xx of a slower branch even behind a refusal (section 16.7, step 5).
      success: to("completed", "reportFinal"),
      failure: to("completed", "acknowledge"),
      cancel: "ignored",
      abandon: "ignored",
      // The ACK is lost, and the peer asks for another one by sending its refusal again.
      sendFailed: "ignored",
      flowClosed: to("terminated"),
    },
    accepted: {
      ...noTimerRuns,
      timerM: to("terminated"),
      provisional: "ignored",
      success: to("accepted", "reportFinal"),
      failure: "ignored",
      cancel: "ignored",
      abandon: to("terminated"),
      sendFailed: "ignored",
      flowClosed: to("terminated"),
    },
  },
  timerMs(timer, { fired, isReliable }) {
    switch (timer) {
      case "A":
        return isReliable ? undefined : t1Ms * 2 ** fired;
      case "D":
        return isReliable ? 0 : timerDMs;
      case "B":
      case "M":
      case "Cancel":
        return transactionMs;
    }
  },
};

/** The INVITE server transaction as a table (RFC 3261 section 17.2.1, RFC 6026 section 7.1). */
import type { ServerAction, ServerInput } from "./server-steps.ts";
import { cappedBackOffMs, t4Ms, transactionMs, tryingMs } from "./timer-values.ts";
import { type MachineTable, to } from "./transaction-machine.ts";

/**
 * trying: the user has said nothing yet; proceeding: a 1xx is out; completed: refused, the ACK is
 * awaited; confirmed: it came, copies of it are absorbed; accepted: a 2xx is out, which its user
 * repeats until it gets the ACK.
 */
export type InviteServerState = "trying" | "proceeding" | "completed" | "confirmed" | "accepted";

/** G, H, I and L of the standard; Trying is the 200 ms after which the layer sends 100 itself. */
export type InviteServerTimer = "G" | "H" | "I" | "L" | "Trying";

const noTimerRuns = {
  timerG: "impossible",
  timerH: "impossible",
  timerI: "impossible",
  timerL: "impossible",
  timerTrying: "impossible",
} as const;

const answers = {
  answerProvisional: to("proceeding", "send"),
  answerSuccess: to("accepted", "send"),
  answerFailure: to("completed", "send"),
} as const;

const noMoreAnswers = {
  answerProvisional: "ignored",
  answerSuccess: "ignored",
  answerFailure: "ignored",
} as const;

export const inviteServerTable: MachineTable<
  InviteServerState,
  ServerInput,
  ServerAction,
  InviteServerTimer
> = {
  initial: "trying",
  timers: {
    trying: ["Trying"],
    proceeding: [],
    completed: ["G", "H"],
    confirmed: ["I"],
    accepted: ["L"],
  },
  cells: {
    trying: {
      ...noTimerRuns,
      ...answers,
      timerTrying: to("proceeding", "sendTrying"),
      retransmission: "ignored",
      ack: "ignored",
      flowClosed: to("terminated", "reportBroken"),
    },
    proceeding: {
      ...noTimerRuns,
      ...answers,
      retransmission: to("proceeding", "answerAgain"),
      ack: "ignored",
      flowClosed: to("terminated", "reportBroken"),
    },
    completed: {
      ...noTimerRuns,
      ...noMoreAnswers,
      timerG: to("completed", "retransmit"),
      timerH: to("terminated", "reportUnacknowledged"),
      retransmission: to("completed", "answerAgain"),
      ack: to("confirmed"),
      flowClosed: to("terminated", "reportBroken"),
    },
    confirmed: {
      ...noTimerRuns,
      ...noMoreAnswers,
      timerI: to("terminated"),
      retransmission: "ignored",
      ack: "ignored",
      flowClosed: to("terminated"),
    },
    accepted: {
      ...noTimerRuns,
      ...noMoreAnswers,
      timerL: to("terminated"),
      // Its user repeats the 2xx by time, so nothing has to be sent here.
      retransmission: "ignored",
      // Some peers acknowledge a 2xx with the branch of the INVITE.
      ack: to("accepted", "passAck"),
      answerSuccess: to("accepted", "send"),
      // Whether the ACK came only the user knows, and it has its own limit for that.
      flowClosed: to("terminated"),
    },
  },
  timerMs(timer, { fired, isReliable }) {
    switch (timer) {
      case "Trying":
        return tryingMs;
      case "G":
        return isReliable ? undefined : cappedBackOffMs(fired);
      case "I":
        return isReliable ? 0 : t4Ms;
      case "H":
      case "L":
        return transactionMs;
    }
  },
};

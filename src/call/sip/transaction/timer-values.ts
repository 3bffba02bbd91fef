/** The base times of RFC 3261 section 17.1.1.1 and what follows from them. */

/** T1, what a round trip is taken for. */
export const t1Ms = 500;
/** T2, the longest pause between retransmissions of anything but an INVITE. */
export const t2Ms = 4000;
/** T4, how long a message may stay in the network. */
export const t4Ms = 5000;

/** 64 * T1: timers B, F, H, J, L and M, and how long a cancelled INVITE may stay unanswered. */
export const transactionMs = 64 * t1Ms;

/** Timer D on datagrams; the peer's timer H runs as long. */
export const timerDMs = 32_000;

/** How long a user may take to answer an INVITE before the layer sends 100 for it (17.2.1). */
export const tryingMs = 200;

/** T1, doubled with each retransmission that went before, at most T2: timers E and G. */
export function cappedBackOffMs(retransmissions: number): number {
  return Math.min(t1Ms * 2 ** retransmissions, t2Ms);
}

/** What can be said about the sound of a call, while it lasts and afterwards. */
import { meanOpinionScore } from "./call-quality.ts";
import type { ReceptionCounts } from "./reception.ts";
import type { RefusalCounts } from "./rtp-receiver.ts";
import type { SentCounts } from "./rtp-sender.ts";

export interface RtpStatistics {
  readonly sentPackets: number;
  /** Of payload. */
  readonly sentOctets: number;
  /** Each once. */
  readonly receivedPackets: number;
  readonly lostPackets: number;
  /** Arrived after a packet that was sent later. */
  readonly reorderedPackets: number;
  readonly duplicatePackets: number;
  readonly jitterMs: number;
  readonly roundTripMs: number | undefined;
  /** Of what we sent, 0..1, as the peer last reported it. */
  readonly remoteLossFraction: number | undefined;
  /** 1..4.5, of what we hear; by loss, jitter and round trip, without what a jitter buffer drops. */
  readonly meanOpinionScore: number;
  /** New sources or new numbering within the call. */
  readonly restarts: number;
  readonly refused: Readonly<RefusalCounts>;
  /** Errors that the kernel reported, mostly that nobody listens (ECONNREFUSED). */
  readonly socketErrors: number;
  readonly sendFailures: number;
}

export interface StatisticsInputs {
  readonly sent: SentCounts;
  readonly received: ReceptionCounts;
  readonly jitterMs: number;
  readonly roundTripMs: number | undefined;
  readonly remoteLossFraction: number | undefined;
  readonly ptimeMs: number;
  readonly restarts: number;
  readonly refused: RefusalCounts;
  readonly socketErrors: number;
  readonly sendFailures: number;
}

export function summariseStatistics(inputs: StatisticsInputs): RtpStatistics {
  const { sent, received, jitterMs, roundTripMs } = inputs;
  const expected = received.received + received.lost;
  // A packet is full before it leaves, and a jitter buffer holds about twice the jitter.
  const oneWayDelayMs = (roundTripMs ?? 0) / 2 + inputs.ptimeMs + 2 * jitterMs;
  return {
    sentPackets: sent.packets,
    sentOctets: sent.octets,
    receivedPackets: received.received,
    lostPackets: received.lost,
    reorderedPackets: received.late,
    duplicatePackets: received.duplicates,
    jitterMs,
    roundTripMs,
    remoteLossFraction: inputs.remoteLossFraction,
    meanOpinionScore: meanOpinionScore({
      lossFraction: expected > 0 ? received.lost / expected : 0,
      oneWayDelayMs,
    }),
    restarts: inputs.restarts,
    refused: { ...inputs.refused },
    socketErrors: inputs.socketErrors,
    sendFailures: inputs.sendFailures,
  };
}

/** The packets that say one key, one for each packet time (RFC 4733 section 2.5.1). */
import type { EventReport } from "./telephone-event.ts";

export interface PlannedEvent extends EventReport {
  /** On the first packet of the key. */
  readonly marker: boolean;
}

export interface KeyTiming {
  /** Units of the RTP timestamp in one packet time. */
  readonly packetSamples: number;
  /** Packet times for which the key is held; at least 1. */
  readonly heldPackets: number;
  /** Packet times between this key and the next; at least 2, since the end is said three times. */
  readonly gapPackets: number;
}

/** One entry for each packet time; undefined is silence before the next key. */
export function planKey(event: number, timing: KeyTiming): readonly (PlannedEvent | undefined)[] {
  const { packetSamples, heldPackets, gapPackets } = timing;
  const plan: (PlannedEvent | undefined)[] = [];
  for (let index = 1; index <= heldPackets + gapPackets; index += 1) {
    const duration = Math.min(index, heldPackets) * packetSamples;
    const isEnd = index >= heldPackets;
    const isSilent = index > heldPackets + 2;
    plan.push(isSilent ? undefined : { event, isEnd, duration, marker: index === 1 });
  }
  return plan;
}

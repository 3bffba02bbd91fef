/**
 * Turns the packets of RFC 4733 into keys, each key once. A key is told with the first packet of its
 * event that arrives, whichever that is, since start, middle and end may each be lost.
 */
import { distance16 } from "./serial-numbers.ts";
import { digitOfEvent, type EventReport, parseEventReport } from "./telephone-event.ts";

/** The largest duration: a longer event goes on in a new segment (section 2.5.1.3). */
const segmentDuration = 0xffff;

interface CurrentEvent {
  readonly event: number;
  /** When it began, which is the same in all its packets. */
  readonly timestamp: number;
  duration: number;
  hasEnded: boolean;
}

export class TelephoneEventReader {
  #current: CurrentEvent | undefined;
  #sequence: number | undefined;

  /** The key that this packet begins; undefined when it only repeats or ends one. */
  push(
    packet: { readonly sequence: number; readonly timestamp: number; readonly marker: boolean },
    payload: Uint8Array,
  ): string | undefined {
    const report = parseEventReport(payload);
    if (report === undefined || !this.#isNewer(packet.sequence)) return undefined;
    this.#sequence = packet.sequence;
    const { timestamp } = packet;
    const isNew = this.#isAnother(report, timestamp, packet.marker);
    if (isNew || this.#current === undefined || this.#current.timestamp !== timestamp) {
      const { event, duration, isEnd } = report;
      this.#current = { event, timestamp, duration, hasEnded: isEnd };
    } else {
      this.#current.duration = Math.max(this.#current.duration, report.duration);
      this.#current.hasEnded ||= report.isEnd;
    }
    return isNew ? digitOfEvent(report.event) : undefined;
  }

  /** The source is another one: its sequence numbers have nothing to do with those before. */
  reset(): void {
    this.#sequence = undefined;
    this.#current = undefined;
  }

  /** What was overtaken by later packets of events has nothing new to say. */
  #isNewer(sequence: number): boolean {
    return this.#sequence === undefined || distance16(this.#sequence, sequence) > 0;
  }

  #isAnother(report: EventReport, timestamp: number, marker: boolean): boolean {
    const current = this.#current;
    if (current === undefined || report.event !== current.event) return true;
    if (timestamp === current.timestamp) return repeatsTimestamp(report, current, marker);
    return !isNextSegment(timestamp, current, marker);
  }
}

/** Some senders let time stand still between two keys: the second is known by starting from the front. */
function repeatsTimestamp(report: EventReport, current: CurrentEvent, marker: boolean): boolean {
  if (!current.hasEnded) return false;
  return marker || (!report.isEnd && report.duration < current.duration);
}

/** The same key is still held after 8 s. */
function isNextSegment(timestamp: number, current: CurrentEvent, marker: boolean): boolean {
  if (marker || current.hasEnded) return false;
  return (timestamp - current.timestamp) >>> 0 === segmentDuration;
}

/** Digits as RTP payload (RFC 4733): four bytes that say which key is held, and for how long already. */
import { readUint16, writeUint16 } from "./serial-numbers.ts";

export const telephoneEventBytes = 4;

/** By event number: section 3.2. */
const digits = "0123456789*#ABCD";
/** -10 dBm0, an ordinary key. */
const volume = 10;
const endBit = 0x80;

/** The key of an event; undefined for what is no key, such as a hook flash. */
export function digitOfEvent(event: number): string | undefined {
  return digits[event];
}

/** The event of a key, `0`..`9`, `*`, `#`, `A`..`D`; undefined for any other character. */
export function eventOfDigit(digit: string): number | undefined {
  const event = digit.length === 1 ? digits.indexOf(digit.toUpperCase()) : -1;
  return event === -1 ? undefined : event;
}

export interface EventReport {
  readonly event: number;
  readonly isEnd: boolean;
  /** In units of the RTP timestamp. */
  readonly duration: number;
}

/** Undefined when the payload is too short; more than one report in a packet does not occur for keys. */
export function parseEventReport(payload: Uint8Array): EventReport | undefined {
  if (payload.length < telephoneEventBytes) return undefined;
  const isEnd = ((payload[1] ?? 0) & endBit) !== 0;
  return { event: payload[0] ?? 0, isEnd, duration: readUint16(payload, 2) };
}

/** Writes four bytes. */
export function writeEventReport(bytes: Uint8Array, at: number, report: EventReport): void {
  bytes[at] = report.event;
  bytes[at + 1] = volume | (report.isEnd ? endBit : 0);
  writeUint16(bytes, at + 2, report.duration);
}

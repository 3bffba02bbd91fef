/** Digits that come by INFO: application/dtmf-relay and application/dtmf, as PBXs send them. */
import { headerValue, type SipRequest } from "../message/sip-message.ts";

export interface InfoDigit {
  /** One of 0-9, *, #, A-D. */
  readonly digit: string;
  /** As the sender says; undefined when it does not. */
  readonly durationMs: number | undefined;
}

const longestBody = 512;

/** Undefined when the body holds no digit. */
export function readInfoDigit(info: SipRequest): InfoDigit | undefined {
  const type = headerValue(info, "Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (info.body.length > longestBody) return undefined;
  const text = new TextDecoder().decode(info.body);
  if (type === "application/dtmf") return toDigit(text.trim(), undefined);
  if (type !== "application/dtmf-relay") return undefined;
  const signal = /^\s*Signal\s*=\s*(\S+)\s*$/im.exec(text)?.[1];
  const duration = /^\s*Duration\s*=\s*(\d{1,5})\s*$/im.exec(text)?.[1];
  return toDigit(signal ?? "", duration === undefined ? undefined : Number(duration));
}

/** Some send the event number of RFC 4733 in place of a star or a hash. */
const eventNumbers: Readonly<Record<string, string>> = { "10": "*", "11": "#" };

function toDigit(text: string, durationMs: number | undefined): InfoDigit | undefined {
  const digit = (eventNumbers[text] ?? text).toUpperCase();
  return /^[0-9*#A-D]$/.test(digit) ? { digit, durationMs } : undefined;
}

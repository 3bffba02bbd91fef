/** Call ids as they travel: one to five decimal digits that also say which ports the call uses. */
import { quote } from "../core/errors.ts";
import { callerAudioBasePort, readySignalBasePort, replyAudioBasePort } from "./ports.ts";

/**
 * Two ids are the same call when their numbers are: `007` and `7` lead to the same ports, so they
 * cannot be two calls. Maps are keyed by `number`; `text` is for printing.
 */
export interface CallId {
  readonly number: number;
  /** The digits as they were sent, leading zeros included. */
  readonly text: string;
}

export type CallIdResult =
  | { readonly ok: true; readonly callId: CallId }
  /** One line that quotes the text, ready to log. */
  | { readonly ok: false; readonly refusal: string };

const lowestPort = 1_024;
const highestPort = 65_535;
const lowestBase = Math.min(callerAudioBasePort, replyAudioBasePort, readySignalBasePort);
const highestBase = Math.max(callerAudioBasePort, replyAudioBasePort, readySignalBasePort);

/** The largest number whose three ports all exist. */
export const highestCallNumber = highestPort - highestBase;

/** True when each port that the number leads to lies in 1024..65535. */
export function isCallNumber(number: number): boolean {
  if (!Number.isInteger(number)) return false;
  return number >= Math.max(0, lowestPort - lowestBase) && number <= highestCallNumber;
}

/** Reads an id exactly as it must be written: digits only, nothing around them. */
export function parseCallId(text: string): CallIdResult {
  if (!/^[0-9]{1,5}$/.test(text)) {
    return { ok: false, refusal: `call id ${quote(text)} is not one to five digits` };
  }
  const number = Number(text);
  if (!isCallNumber(number)) {
    const port = highestBase + number;
    const why = `port ${port} does not exist; the largest id is ${highestCallNumber}`;
    return { ok: false, refusal: `call id ${quote(text)} is too large: ${why}` };
  }
  return { ok: true, callId: { number, text } };
}

/** The id of a number that this program chose itself; throws RangeError outside the valid range. */
export function callIdOf(number: number): CallId {
  if (!isCallNumber(number)) throw new RangeError(`call number ${number} is out of range`);
  return { number, text: String(number) };
}

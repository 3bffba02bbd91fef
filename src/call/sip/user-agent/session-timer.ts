/** Session timers (RFC 4028): who refreshes a call, when, and when a silent peer is given up. */
import {
  headerValue,
  type SipHeader,
  type SipMessageParts,
  type SipRequest,
  type SipResponse,
} from "../message/sip-message.ts";
import { optionTags } from "./call-context.ts";

/** The least that section 4 allows, and what we take. */
export const minimumSessionSeconds = 90;
/** Nobody can want more than a request every five seconds. */
const shortestSessionSeconds = 10;
/** What section 4 recommends. */
const usualSessionSeconds = 1800;
/** A timer cannot count weeks, and no call needs them. */
const longestSessionSeconds = 86_400;

export interface SessionTimer {
  readonly intervalSeconds: number;
  readonly weRefresh: boolean;
}

export type TimerAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "too-short" }
  | {
      readonly kind: "timer";
      readonly timer: SessionTimer;
      readonly headers: readonly SipHeader[];
    };

interface SessionExpires {
  readonly seconds: number;
  readonly refresher: string | undefined;
}

/** Session-Expires of a message; undefined when it is missing or is no number of seconds. */
function sessionExpiresOf(message: SipMessageParts): SessionExpires | undefined {
  const value = headerValue(message, "Session-Expires");
  const match = /^(\d{1,9})\s*(?:;(.*))?$/.exec(value ?? "");
  if (match === null) return undefined;
  const refresher = /(?:^|;)\s*refresher\s*=\s*(uac|uas)/i.exec(match[2] ?? "")?.[1]?.toLowerCase();
  return { seconds: Math.min(Number(match[1]), longestSessionSeconds), refresher };
}

/** Min-SE of a 422; undefined when it asks for nothing that we do not do already. */
export function demandedSeconds(refusal: SipMessageParts): number | undefined {
  const least = Number(/^\d{1,9}/.exec(headerValue(refusal, "Min-SE") ?? "")?.[0]);
  return least > minimumSessionSeconds && least <= longestSessionSeconds ? least : undefined;
}

/** What we add to the INVITE of a call: a wish, that either side may refuse; `least` is what a 422 told. */
export function wishFor(least = minimumSessionSeconds): readonly SipHeader[] {
  return timerHeaders(String(Math.max(least, usualSessionSeconds)), least);
}

/** What we add to a request within a call: the interval and the roles stay (section 7.4). */
export function refreshHeaders(
  { intervalSeconds, weRefresh }: SessionTimer,
  least = minimumSessionSeconds,
): readonly SipHeader[] {
  const seconds = Math.max(intervalSeconds, least);
  return timerHeaders(`${seconds};refresher=${weRefresh ? "uac" : "uas"}`, least);
}

/** The called side's rules (section 9): the peer's wish is taken, and its refresher where it has one. */
export function answerTimer(request: SipRequest): TimerAnswer {
  const wish = sessionExpiresOf(request);
  if (wish === undefined) return { kind: "none" };
  const supports = supportsTimer(request);
  if (wish.seconds < minimumSessionSeconds)
    return supports ? { kind: "too-short" } : { kind: "none" };
  // Who does not know session timers cannot be made to refresh: a proxy asked in its place.
  const refresher = supports ? (wish.refresher ?? "uac") : "uas";
  const value = `${wish.seconds};refresher=${refresher}`;
  const headers = [{ name: "Session-Expires", value }];
  if (supports && refresher === "uac") headers.push({ name: "Require", value: "timer" });
  return {
    kind: "timer",
    timer: { intervalSeconds: wish.seconds, weRefresh: refresher === "uas" },
    headers,
  };
}

/**
 * The calling side's rules (section 7.2); undefined when the peer wants none. One that wants less than
 * it may gets its refreshes in time, and is given the usual time for its own.
 */
export function agreedTimer(response: SipResponse): SessionTimer | undefined {
  const agreed = sessionExpiresOf(response);
  if (agreed === undefined) return undefined;
  const weRefresh = agreed.refresher !== "uas";
  const least = weRefresh ? shortestSessionSeconds : minimumSessionSeconds;
  return { intervalSeconds: Math.max(agreed.seconds, least), weRefresh };
}

/** Seconds until our refresh, or until we ask a peer that owes us one whether it is there (section 10). */
export function dueSeconds({ intervalSeconds, weRefresh }: SessionTimer): number {
  if (weRefresh) return intervalSeconds / 2;
  return intervalSeconds - Math.min(32, intervalSeconds / 3);
}

function supportsTimer(request: SipRequest): boolean {
  return ["Supported", "Require"].some((name) => optionTags(request, name).includes("timer"));
}

function timerHeaders(value: string, least: number): readonly SipHeader[] {
  return [
    { name: "Session-Expires", value },
    { name: "Min-SE", value: String(least) },
  ];
}

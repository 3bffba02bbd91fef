/** Session timers (RFC 4028): who refreshes a call, when, and when a silent peer is given up. */
import {
  headerValue,
  type SipHeader,
  type SipMessageParts,
  type SipRequest,
  type SipResponse,
} from "../message/sip-message.ts";

/** The least that section 4 allows, and what we take. */
export const minimumSessionSeconds = 90;
/** What section 4 recommends. */
const usualSessionSeconds = 1800;

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
export function sessionExpiresOf(message: SipMessageParts): SessionExpires | undefined {
  const value = headerValue(message, "Session-Expires");
  const match = /^(\d{1,9})\s*(?:;(.*))?$/.exec(value ?? "");
  if (match === null) return undefined;
  const refresher = /(?:^|;)\s*refresher\s*=\s*(uac|uas)/i.exec(match[2] ?? "")?.[1]?.toLowerCase();
  return { seconds: Number(match[1]), refresher };
}

/** What we add to an INVITE of our own: a wish, that either side may refuse. */
export function wishFor(seconds = usualSessionSeconds): readonly SipHeader[] {
  return [
    { name: "Session-Expires", value: String(seconds) },
    { name: "Min-SE", value: String(minimumSessionSeconds) },
  ];
}

/** The called side's rules (section 9): the peer's wish is taken, and its refresher where it has one. */
export function answerTimer(request: SipRequest): TimerAnswer {
  const wish = sessionExpiresOf(request);
  if (wish === undefined) return { kind: "none" };
  if (wish.seconds < minimumSessionSeconds) return { kind: "too-short" };
  const supports = supportsTimer(request);
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

/** The calling side's rules (section 7.2); undefined when the peer wants none. */
export function agreedTimer(response: SipResponse): SessionTimer | undefined {
  const agreed = sessionExpiresOf(response);
  if (agreed === undefined || agreed.seconds < minimumSessionSeconds) return undefined;
  return { intervalSeconds: agreed.seconds, weRefresh: agreed.refresher !== "uas" };
}

/** Seconds until our refresh, or until the call is given up for want of the peer's (section 10). */
export function dueSeconds({ intervalSeconds, weRefresh }: SessionTimer): number {
  if (weRefresh) return intervalSeconds / 2;
  return intervalSeconds - Math.min(32, intervalSeconds / 3);
}

function supportsTimer(request: SipRequest): boolean {
  return [headerValue(request, "Supported"), headerValue(request, "Require")]
    .flatMap((value) => (value ?? "").split(","))
    .some((tag) => tag.trim().toLowerCase() === "timer");
}

/** Whom to ask next when an INVITE is not simply accepted or refused (RFC 3261 8.1.3.4, RFC 4028 7.3). */
import type { AnyUri, NameAddress, SipResponse } from "../message/sip-message.ts";
import { optionTags } from "./call-context.ts";
import { demandedSeconds } from "./session-timer.ts";

/** What the next INVITE of a call asks for. */
export interface CallWish {
  readonly uri: AnyUri;
  /** The shortest session that somebody on the way takes. */
  readonly leastSeconds: number | undefined;
  /** The peer does not go without reliable provisional answers. */
  readonly isReliable: boolean;
}

const redirections = new Set([300, 301, 302]);

/** Undefined: the response is the end of it. */
export function detourFor(wish: CallWish, response: SipResponse): CallWish | undefined {
  const { status } = response;
  if (status === 422) {
    const leastSeconds = demandedSeconds(response);
    const isMore = leastSeconds !== undefined && leastSeconds > (wish.leastSeconds ?? 0);
    return isMore ? { ...wish, leastSeconds } : undefined;
  }
  if (status === 421) {
    const isReliable = optionTags(response, "Require").includes("100rel");
    return isReliable && !wish.isReliable ? { ...wish, isReliable } : undefined;
  }
  const uri = redirections.has(status) ? firstChoice(response) : undefined;
  return uri === undefined ? undefined : { ...wish, uri };
}

/** The address that the peer prefers; headers in it are not ours to send. */
function firstChoice({ contacts }: SipResponse): AnyUri | undefined {
  if (contacts === "*") return undefined;
  const usable = contacts.filter(({ uri }) => uri.scheme !== "other");
  const uri = usable.toSorted((a, b) => preference(b) - preference(a))[0]?.uri;
  return uri === undefined || "text" in uri ? uri : { ...uri, headers: undefined };
}

function preference({ parameters }: NameAddress): number {
  const value = Number(parameters.get("q") ?? "1");
  return Number.isNaN(value) ? 0 : value;
}

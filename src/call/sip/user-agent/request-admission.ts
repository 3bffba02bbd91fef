/** What a request outside of any call gets for an answer before anybody hears of it (section 8.2). */
import { headerValue, type SipHeader, type SipRequest } from "../message/sip-message.ts";
import { allowedMethods, allowHeader, optionTags, supportedTags } from "./call-context.ts";
import { sdpType } from "./session-media.ts";
import { minimumSessionSeconds, sessionExpiresOf } from "./session-timer.ts";

export type Judgement =
  | { readonly kind: "invite" }
  | { readonly kind: "answer"; readonly status: number; readonly headers: readonly SipHeader[] };

const acceptHeader: SipHeader = { name: "Accept", value: sdpType };

export function judgeRequest(request: SipRequest, isForUs: boolean): Judgement {
  const { method } = request;
  if (!knownMethods.has(method)) return answer(405, allowHeader);
  if (request.uri.scheme === "other") return answer(416);
  const unsupported = unsupportedTags(request);
  if (unsupported.length > 0) {
    return answer(420, { name: "Unsupported", value: unsupported.join(", ") });
  }
  const supported = { name: "Supported", value: supportedTags.join(", ") };
  // PBXs ask a registered phone whether it is there by the address of its contact.
  if (method === "OPTIONS")
    return answer(isForUs ? 200 : 404, allowHeader, acceptHeader, supported);
  if (method === "NOTIFY") return answer(isMessageWaiting(request) ? 200 : 489);
  if (method !== "INVITE") return answer(481);
  if (!isForUs) return answer(404);
  return judgeInvite(request);
}

function judgeInvite(invite: SipRequest): Judgement {
  if (invite.contacts === "*" || invite.contacts.length !== 1) return answer(400);
  const seconds = sessionExpiresOf(invite)?.seconds;
  if (seconds !== undefined && seconds < minimumSessionSeconds) {
    return answer(422, { name: "Min-SE", value: String(minimumSessionSeconds) });
  }
  return judgeBody(invite);
}

function judgeBody(invite: SipRequest): Judgement {
  if (invite.body.length === 0) return { kind: "invite" };
  const encoding = token(headerValue(invite, "Content-Encoding"));
  if (encoding !== "" && encoding !== "identity") {
    return answer(415, { name: "Accept-Encoding", value: "identity" });
  }
  const isDescription = token(headerValue(invite, "Content-Type")) === sdpType;
  return isDescription ? { kind: "invite" } : answer(415, acceptHeader);
}

/** A header's value without its parameters, in lower case. */
function token(value: string | undefined): string {
  return value?.split(";")[0]?.trim().toLowerCase() ?? "";
}

const knownMethods = new Set(allowedMethods);

function unsupportedTags(request: SipRequest): readonly string[] {
  if (request.method === "CANCEL" || request.method === "ACK") return [];
  return optionTags(headerValue(request, "Require")).filter((tag) => !supportedTags.includes(tag));
}

/** Sent by PBXs to whoever registers, without having been asked for it. */
function isMessageWaiting(notify: SipRequest): boolean {
  return /^\s*(message-summary|check-sync|keep-alive)\b/i.test(headerValue(notify, "Event") ?? "");
}

function answer(status: number, ...headers: readonly SipHeader[]): Judgement {
  return { kind: "answer", status, headers };
}

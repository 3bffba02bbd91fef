/** What a request outside of any call gets for an answer before anybody hears of it (section 8.2). */
import { headerValue, type SipHeader, type SipRequest } from "../message/sip-message.ts";
import { allowedMethods, allowHeader, supportedHeader, unsupportedTags } from "./call-context.ts";
import { descriptionIn, mediaType } from "./sdp-body.ts";
import { sdpType } from "./session-media.ts";
import { answerTimer, minimumSessionSeconds } from "./session-timer.ts";

export type Judgement =
  | { readonly kind: "invite" }
  | { readonly kind: "answer"; readonly status: number; readonly headers: readonly SipHeader[] };

const acceptHeader: SipHeader = { name: "Accept", value: `${sdpType}, multipart/mixed` };
const allowEventsHeader: SipHeader = { name: "Allow-Events", value: "refer, message-summary" };

export function judgeRequest(request: SipRequest, isForUs: boolean): Judgement {
  const { method } = request;
  if (!knownMethods.has(method)) return answer(405, allowHeader);
  if (request.uri.scheme === "other") return answer(416);
  const unsupported = unsupportedTags(request);
  if (unsupported.length > 0) {
    return answer(420, { name: "Unsupported", value: unsupported.join(", ") });
  }
  if (method === "OPTIONS") return judgeOptions(request, isForUs);
  if (method === "NOTIFY") {
    return isMessageWaiting(request) ? answer(200) : answer(489, allowEventsHeader);
  }
  if (method !== "INVITE") return answer(481);
  if (!isForUs) return answer(404);
  return judgeInvite(request);
}

/** PBXs ask whether a phone is there by its contact, and some by its host alone. */
function judgeOptions({ uri }: SipRequest, isForUs: boolean): Judgement {
  const isForHost = !("text" in uri) && (uri.user ?? "") === "";
  if (!isForUs && !isForHost) return answer(404);
  return answer(200, allowHeader, acceptHeader, supportedHeader, allowEventsHeader);
}

function judgeInvite(invite: SipRequest): Judgement {
  if (invite.contacts === "*" || invite.contacts.length === 0) return answer(400);
  if (answerTimer(invite).kind === "too-short") {
    return answer(422, { name: "Min-SE", value: String(minimumSessionSeconds) });
  }
  return judgeBody(invite);
}

function judgeBody(invite: SipRequest): Judgement {
  const { kind } = descriptionIn(invite);
  if (kind === "none") return { kind: "invite" };
  const encoding = mediaType(headerValue(invite, "Content-Encoding"));
  if (encoding !== "" && encoding !== "identity") {
    return answer(415, { name: "Accept-Encoding", value: "identity" });
  }
  return kind === "description" ? { kind: "invite" } : answer(415, acceptHeader);
}

const knownMethods = new Set(allowedMethods);

/** Sent by PBXs to whoever registers, without having been asked for it. */
function isMessageWaiting(notify: SipRequest): boolean {
  return /^\s*(message-summary|check-sync|keep-alive)\b/i.test(headerValue(notify, "Event") ?? "");
}

function answer(status: number, ...headers: readonly SipHeader[]): Judgement {
  return { kind: "answer", status, headers };
}

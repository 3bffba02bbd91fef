/** Requests within a call that is not up yet (RFC 3261 section 14.2, RFC 3311 section 5.2). */
import { createResponse } from "../message/create-response.ts";
import type { NameAddress, SipHeader, SipRequest } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import { allowHeader, supportedHeader, unsupportedTags } from "./call-context.ts";
import { type InfoDigit, readInfoDigit } from "./info-digits.ts";
import { sdpType } from "./session-media.ts";

export interface EarlyPlace {
  readonly localTag: string;
  readonly contact: NameAddress;
  /** Who made the offer that has no answer yet. */
  readonly offerBy: "us" | "peer";
  readonly digit: (digit: InfoDigit) => void;
}

/** For all but BYE, PRACK and ACK. PBXs tell by UPDATE whom one is going to talk to, and insist on 200. */
export function answerEarly(transaction: ServerTransaction, place: EarlyPlace): void {
  const { request } = transaction;
  const unsupported = unsupportedTags(request);
  const { status, headers = [] } =
    unsupported.length > 0
      ? { status: 420, headers: [{ name: "Unsupported", value: unsupported.join(", ") }] }
      : earlyAnswer(transaction, place);
  const contacts = status === 200 ? [place.contact] : [];
  const parts = { toTag: place.localTag, contacts, headers };
  transaction.respond(createResponse(request, status, parts));
}

interface EarlyAnswer {
  readonly status: number;
  readonly headers?: readonly SipHeader[];
}

function earlyAnswer({ request }: ServerTransaction, place: EarlyPlace): EarlyAnswer {
  switch (request.method) {
    case "UPDATE":
    case "INVITE":
      return earlyChange(request, place);
    case "INFO":
      return earlyInfo(request, place);
    case "OPTIONS":
      return { status: 200, headers: [allowHeader, { name: "Accept", value: sdpType }] };
    case "REFER":
      return { status: 603 };
    case "NOTIFY":
    case "PRACK":
      return { status: 481 };
    default:
      return { status: 405, headers: [allowHeader] };
  }
}

function earlyInfo(info: SipRequest, { digit: tell }: EarlyPlace): EarlyAnswer {
  const digit = readInfoDigit(info);
  if (digit !== undefined) tell(digit);
  return { status: digit === undefined && info.body.length > 0 ? 415 : 200 };
}

/** An offer while another one has no answer yet has to wait; one without an offer is a piece of news. */
function earlyChange(request: SipRequest, { offerBy }: EarlyPlace): EarlyAnswer {
  if (request.method === "UPDATE" && request.body.length === 0) {
    return { status: 200, headers: [allowHeader, supportedHeader] };
  }
  if (offerBy === "us") return { status: 491 };
  return { status: 500, headers: [{ name: "Retry-After", value: "2" }] };
}

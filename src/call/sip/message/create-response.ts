/** A response to a request (RFC 3261 section 8.2.6). */
import { reasonPhrase } from "./reason-phrases.ts";
import type { NameAddress, SipHeader, SipMessageParts, SipResponse } from "./sip-message.ts";

export interface ResponseParts {
  /** Instead of the usual words. */
  readonly reason?: string | undefined;
  /** Goes to To when that has no tag yet; never in a 100. */
  readonly toTag?: string | undefined;
  readonly contacts?: readonly NameAddress[] | undefined;
  readonly headers?: readonly SipHeader[] | undefined;
  readonly body?: Uint8Array | undefined;
}

const noBody = new Uint8Array(0);

/** Via, From, To, Call-ID and CSeq are the request's; Record-Route in 101..299, Timestamp in a 100. */
export function createResponse(
  request: SipMessageParts,
  status: number,
  parts: ResponseParts = {},
): SipResponse {
  const { reason = reasonPhrase(status), contacts = [], headers = [], body = noBody } = parts;
  const copied = status === 100 ? request.headers.filter(({ name }) => name === "Timestamp") : [];
  return {
    kind: "response",
    status,
    reason,
    via: request.via,
    from: request.from,
    to: status === 100 ? request.to : withTag(request.to, parts.toTag),
    callId: request.callId,
    cseq: request.cseq,
    contacts,
    recordRoutes: status > 100 && status < 300 ? request.recordRoutes : [],
    headers: [...copied, ...headers],
    body,
  };
}

function withTag(address: NameAddress, tag: string | undefined): NameAddress {
  if (tag === undefined || address.parameters.has("tag")) return address;
  return { ...address, parameters: new Map(address.parameters).set("tag", tag) };
}

/** What the layer adds to requests, and the requests that it makes itself (sections 8.1.1, 9.1, 17.1.1.3). */
import type { SipRequest, SipResponse, Via } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";

const defaultMaxForwards = 70;

/** The request as it leaves: with our Via on top, which asks for the port it was seen from (RFC 3581). */
export function withOwnVia(request: SipRequest, flow: SipFlow, branch: string): SipRequest {
  const maxForwards = request.maxForwards ?? defaultMaxForwards;
  return { ...request, maxForwards, via: [ownVia(flow, branch), ...request.via] };
}

export function ownVia(flow: SipFlow, branch: string): Via {
  return {
    transport: flow.transport.toUpperCase(),
    host: flow.local.address,
    port: flow.local.port,
    parameters: new Map([
      ["branch", branch],
      ["rport", undefined],
    ]),
  };
}

/** The ACK to a response of 300 to 699, which belongs to the transaction of its INVITE. */
export function acknowledgement(invite: SipRequest, refusal: SipResponse): SipRequest {
  return { ...hopRequest(invite, "ACK"), to: refusal.to };
}

export function cancellation(invite: SipRequest): SipRequest {
  return hopRequest(invite, "CANCEL");
}

/** Goes the way of the INVITE, and with its Via alone, to the next hop only. */
function hopRequest(invite: SipRequest, method: "ACK" | "CANCEL"): SipRequest {
  return {
    kind: "request",
    method,
    uri: invite.uri,
    via: invite.via.slice(0, 1),
    maxForwards: defaultMaxForwards,
    routes: invite.routes,
    from: invite.from,
    to: invite.to,
    callId: invite.callId,
    cseq: { number: invite.cseq.number, method },
    contacts: [],
    recordRoutes: [],
    headers: [],
    body: new Uint8Array(),
  };
}

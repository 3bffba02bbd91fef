/** By what a message is known to belong to a transaction (RFC 3261 sections 8.2.2.2, 17.1.3, 17.2.3). */
import type {
  AnyUri,
  NameAddress,
  Parameters,
  SipRequest,
  SipResponse,
  Via,
} from "../message/sip-message.ts";

/** What the branch of everybody who follows RFC 3261 begins with. */
export const magicCookie = "z9hG4bK";

/** No part of a message can hold a line feed once its headers are unfolded. */
const separator = "\n";

/** Undefined: the response names no branch, so it cannot be ours. */
export function clientKey(message: SipRequest | SipResponse): string | undefined {
  const branch = message.via[0]?.parameters.get("branch");
  return branch === undefined ? undefined : branch + separator + message.cseq.method;
}

/** Transport and sent-by of a Via, with the usual port where none is told. */
export function sentBy(via: Via): string {
  const port = via.port ?? (via.transport === "TLS" ? 5061 : 5060);
  return [via.transport, via.host.toLowerCase(), port].join(separator);
}

/**
 * The key of the transaction that `request` belongs to, or with another `method` of the one that it
 * is about: ACK and CANCEL look for an INVITE. Undefined: no Via.
 */
export function serverKey(request: SipRequest, method: string): string | undefined {
  const top = request.via[0];
  if (top === undefined) return undefined;
  const branch = top.parameters.get("branch");
  return branch?.startsWith(magicCookie)
    ? [branch, sentBy(top), method].join(separator)
    : oldServerKey(request, method, top);
}

/**
 * Equal for copies of one request that came on different ways, which differ in their branch.
 * Undefined within a dialog, where such things do not happen.
 */
export function mergeKey(request: SipRequest): string | undefined {
  if (tagOf(request.to) !== undefined) return undefined;
  const { callId, cseq } = request;
  return [tagOf(request.from) ?? "", callId, cseq.number, cseq.method].join(separator);
}

/** A To tag that is the same for each copy of a request, though nothing is remembered (section 8.2.7). */
export function repeatableTag(request: SipRequest): string {
  return Bun.hash(serverKey(request, request.method) ?? request.callId).toString(16);
}

export function tagOf(party: NameAddress): string | undefined {
  return party.parameters.get("tag");
}

/**
 * RFC 2543. The To tag of an ACK is the one from our answer, so it counts for methods only that have
 * no ACK.
 */
function oldServerKey(request: SipRequest, method: string, top: Via): string {
  const toTag = method === "INVITE" ? "" : (tagOf(request.to) ?? "");
  return [
    uriText(request.uri),
    toTag,
    tagOf(request.from) ?? "",
    request.callId,
    request.cseq.number,
    method,
    sentBy(top),
    parametersText(top.parameters),
  ].join(separator);
}

function uriText(uri: AnyUri): string {
  if ("text" in uri) return uri.text;
  const { scheme, user, password, host, port, parameters, headers } = uri;
  const parts = [scheme, user, password, host, port, parametersText(parameters), headers];
  return parts.map((part) => part ?? "").join(separator);
}

function parametersText(parameters: Parameters): string {
  return Array.from(parameters, ([name, value]) => `;${name}=${value ?? ""}`).join("");
}

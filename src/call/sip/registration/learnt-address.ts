/**
 * The address at which the PBX sees us, as `received` and `rport` of Via tell it (RFC 3581), for a
 * Contact that reaches us through a NAT.
 */
import { parseIpv4, parseIpv6 } from "../message/ip-address.ts";
import type { NameAddress, SipResponse, SipUri } from "../message/sip-message.ts";
import type { SipEndpoint, SipFlow, SipTransportName } from "../transport/sip-flow.ts";
import { isSipUri } from "./registrar-target.ts";

export interface LearntAddress {
  /** The end of ours for which it holds. */
  readonly transport: SipTransportName;
  readonly local: SipEndpoint;
  readonly seenAs: SipEndpoint;
}

/** Undefined when the response tells nothing. */
export function learnAddress(response: SipResponse, flow: SipFlow): LearntAddress | undefined {
  const via = response.via[0];
  if (via === undefined) return undefined;
  const received = via.parameters.get("received")?.replaceAll(/[[\]]/g, "");
  const port = via.parameters.get("rport");
  const { transport, local } = flow;
  const seenPort = port !== undefined && /^\d{1,5}$/.test(port) ? Number(port) : local.port;
  const seenAddress = received !== undefined && isAddress(received) ? received : local.address;
  if (seenPort < 1 || seenPort > 65_535) return undefined;
  if (comparable(seenAddress) === comparable(local.address) && seenPort === local.port) {
    return undefined;
  }
  return { transport, local, seenAs: { address: seenAddress, port: seenPort } };
}

/** The Contact with the address that the PBX sees, where something was learnt for this flow. */
export function withLearntAddress(
  contact: NameAddress,
  learnt: LearntAddress | undefined,
  flow: SipFlow,
): NameAddress {
  const { uri } = contact;
  if (learnt === undefined || !isSipUri(uri)) return contact;
  const isSameEnd =
    learnt.transport === flow.transport &&
    learnt.local.address === flow.local.address &&
    learnt.local.port === flow.local.port;
  if (!isSameEnd) return contact;
  const seen: SipUri = { ...uri, host: learnt.seenAs.address, port: learnt.seenAs.port };
  return { ...contact, uri: seen };
}

function isAddress(text: string): boolean {
  return parseIpv4(text) !== undefined || parseIpv6(text) !== undefined;
}

/** IPv6 addresses can be written in several ways. */
function comparable(address: string): string {
  return parseIpv6(address)?.join(":") ?? address;
}

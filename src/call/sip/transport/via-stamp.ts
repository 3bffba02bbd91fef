/** Where a request came from, written into its top Via, and where its answer goes (RFC 3261 section 18.2). */
import type { SipMessage, Via } from "../message/sip-message.ts";
import { canonicalAddress } from "./address-text.ts";
import type { SipEndpoint } from "./sip-flow.ts";

/** Of sip: and of sips: where no port is told (RFC 3261 section 19.1.2). */
export const defaultPorts = { udp: 5060, tcp: 5060, tls: 5061 } as const;

/**
 * The request, or the answer to it, with `received` where its sender does not know its own address,
 * and with `rport` where it asked for it (RFC 3581 section 4). What a sender wrote there itself does
 * not count.
 */
export function stampVia<Message extends SipMessage>(
  message: Message,
  source: SipEndpoint,
): Message {
  const [top, ...others] = message.via;
  if (top === undefined) return message;
  const stamped = stampedVia(top, source);
  return stamped === top ? message : { ...message, via: [stamped, ...others] };
}

function stampedVia(via: Via, source: SipEndpoint): Via {
  const { parameters } = via;
  const asksForPort = parameters.has("rport");
  const isOther = canonicalAddress(via.host) !== source.address;
  if (!asksForPort && !isOther && !parameters.has("received")) return via;
  const stamped = new Map(parameters);
  if (asksForPort) stamped.set("rport", String(source.port));
  stamped.set("received", source.address);
  return { ...via, parameters: stamped };
}

/**
 * Where the answer to a request over UDP goes: always to the address that it came from, to the port
 * that it came from if it asked for that with `rport`, else to the one that its sender listens on.
 * `maddr` is not followed: it is there for multicast, which we do not do, and would let anybody send
 * our answers to whom they like.
 */
export function answerEndpoint(top: Via, source: SipEndpoint): SipEndpoint {
  if (top.parameters.has("rport")) return source;
  return { address: source.address, port: top.port ?? defaultPorts.udp };
}

/** A way to one peer and back: what transactions send on (RFC 3261 section 18, RFC 5626 "flow"). */

export type SipTransportName = "udp" | "tcp" | "tls";

export interface SipEndpoint {
  /** IP address, IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
}

export type FlowSendOutcome =
  { readonly ok: true } | { readonly ok: false; readonly errno: string };

export interface SipFlow {
  readonly transport: SipTransportName;
  /** TCP and TLS: nothing is sent twice. */
  readonly isReliable: boolean;
  readonly remote: SipEndpoint;
  /** Where peers reach us on this flow, for Via and Contact: the advertised address where one is set. */
  readonly local: SipEndpoint;
  readonly isOpen: boolean;
  /** Never waits. What fails later ends the flow, which its opener is told. */
  send(bytes: Uint8Array): FlowSendOutcome;
}

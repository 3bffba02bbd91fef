/** What all calls of a user agent share. */
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import {
  headerValues,
  type NameAddress,
  type SipHeader,
  type SipMessageParts,
  type SipRequest,
} from "../message/sip-message.ts";
import type { SipFlow, SipTransportName } from "../transport/sip-flow.ts";
import type { Challenger, RequestLayer } from "./outgoing-request.ts";

export interface SipTarget {
  readonly transport: SipTransportName;
  readonly host: string;
  readonly port: number | undefined;
}

/** Rejects with a WildfireError when there is no way to it. */
export type FlowFinder = (target: SipTarget) => Promise<SipFlow>;

/** The extension that a call belongs to. */
export interface LineIdentity {
  /** user@host, for people. */
  readonly label: string;
  readonly user: string;
  /** Its address of record: From of what it sends. */
  readonly address: NameAddress;
  readonly credentials: Challenger;
  /** The way to its registrar or proxy; rejects with a WildfireError. */
  flow(): Promise<SipFlow>;
  contactFor(flow: SipFlow): NameAddress;
}

export interface CallContext {
  readonly layer: RequestLayer;
  readonly line: LineIdentity;
  readonly findFlow: FlowFinder;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 <= x < 1. */
  readonly random: () => number;
  /** A new tag or Call-ID, unguessable. */
  readonly newToken: () => string;
}

export const allowedMethods: readonly string[] = [
  "INVITE",
  "ACK",
  "CANCEL",
  "BYE",
  "OPTIONS",
  "UPDATE",
  "PRACK",
  "INFO",
  "NOTIFY",
];

export const allowHeader: SipHeader = { name: "Allow", value: allowedMethods.join(", ") };
/** Option tags that a peer may require of us. */
const supportedTags: readonly string[] = ["100rel", "timer"];

export const supportedHeader: SipHeader = { name: "Supported", value: supportedTags.join(", ") };

/** All members of a list such as Require, in lower case, on however many lines they came. */
export function optionTags(message: SipMessageParts, name: string): readonly string[] {
  return headerValues(message, name)
    .flatMap((value) => value.split(","))
    .map((tag) => tag.trim().toLowerCase())
    .filter((tag) => tag !== "");
}

/** What a request demands of us that we do not have (section 8.2.2.3); ACK and CANCEL must not. */
export function unsupportedTags(request: SipRequest): readonly string[] {
  if (request.method === "CANCEL" || request.method === "ACK") return [];
  return optionTags(request, "Require").filter((tag) => !supportedTags.includes(tag));
}

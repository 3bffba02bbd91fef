/** What all calls of a user agent share. */
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { NameAddress, SipHeader } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import type { FlowFinder } from "./dialog-sender.ts";
import type { Challenger, RequestLayer } from "./outgoing-request.ts";

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
export const supportedTags: readonly string[] = ["100rel", "timer"];

/** Members of a comma list such as Require, in lower case. */
export function optionTags(value: string | undefined): readonly string[] {
  return (value ?? "")
    .split(",")
    .map((tag) => tag.trim().toLowerCase())
    .filter((tag) => tag !== "");
}

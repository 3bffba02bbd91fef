/** One message of RFC 4475 and what it must give here, with readers for the values in it. */
import type { SipMessage } from "../../../../src/call/sip/message/sip-message.ts";

export interface TortureCase {
  readonly file: string;
  /** Of RFC 4475; "-" for what the collection has beside it. */
  readonly section: string;
  /** A number is the status that the parser's ready answer has; "drop" refuses without one. */
  readonly gives: "accept" | "drop" | "keep-alive" | number;
  /** Who answers an accepted message and how, or why our rule is not the RFC's advice. */
  readonly note?: string;
  /** What the problem must name. */
  readonly problem?: string;
  /** Values that must have been read, by their path in the message. */
  readonly holds?: (message: SipMessage) => Readonly<Record<string, readonly [unknown, unknown]>>;
}

export function tag(message: SipMessage): string | undefined {
  return message.from.parameters.get("tag");
}

export function uriOf(message: SipMessage): unknown {
  return message.kind === "request" ? message.uri : undefined;
}

export function contactUris(message: SipMessage): unknown {
  return message.contacts === "*" ? "*" : message.contacts.map(({ uri }) => uri);
}

export function header(message: SipMessage, name: string): string | undefined {
  return message.headers.find((one) => one.name === name)?.value;
}

export function sipUri(user: string | undefined, host: string, more: object = {}): object {
  return {
    scheme: "sip",
    user,
    password: undefined,
    host,
    port: undefined,
    parameters: new Map(),
    headers: undefined,
    ...more,
  };
}

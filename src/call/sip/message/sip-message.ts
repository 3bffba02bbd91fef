/** SIP messages as values (RFC 3261 section 7). What the stack itself reads is parsed, the rest is text. */

/** Parameters behind a semicolon: lower-case names; a flag such as `;lr` has no value. */
export type Parameters = ReadonlyMap<string, string | undefined>;

/** sip: and sips: (RFC 3261 section 19.1), unescaped. */
export interface SipUri {
  readonly scheme: "sip" | "sips";
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Name or IP address in lower case; IPv6 without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: Parameters;
  /** What stands behind "?", as it came; undefined when there is none. */
  readonly headers: string | undefined;
}

/** tel: (RFC 3966) and whatever other schemes a peer may use. */
export interface OtherUri {
  readonly scheme: "tel" | "other";
  /** The whole URI as it came. */
  readonly text: string;
}

export type AnyUri = SipUri | OtherUri;

/** From, To, Contact, Route, Record-Route, Refer-To … (section 20.10). */
export interface NameAddress {
  /** Unquoted; undefined when there is none. */
  readonly displayName: string | undefined;
  readonly uri: AnyUri;
  /** Of the header, not of the URI: tag, expires, q … */
  readonly parameters: Parameters;
}

/** One hop of Via (sections 18.1 and 20.42). */
export interface Via {
  /** Upper case: UDP, TCP, TLS … */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  /** branch, received, rport … */
  readonly parameters: Parameters;
}

export interface CSeq {
  /** Below 2 ** 31. */
  readonly number: number;
  readonly method: string;
}

/** A header that is not parsed further: its usual long name, unfolded text without outer white space. */
export interface SipHeader {
  readonly name: string;
  readonly value: string;
}

/** What requests and responses share. */
export interface SipMessageParts {
  /** Topmost first. */
  readonly via: readonly Via[];
  readonly from: NameAddress;
  readonly to: NameAddress;
  readonly callId: string;
  readonly cseq: CSeq;
  /** "*" in a REGISTER that removes all bindings. */
  readonly contacts: readonly NameAddress[] | "*";
  readonly recordRoutes: readonly NameAddress[];
  /**
   * All other headers in their order, lists joined by commas as they came. Never one of the above,
   * nor Route, Max-Forwards or Content-Length.
   */
  readonly headers: readonly SipHeader[];
  readonly body: Uint8Array;
}

export interface SipRequest extends SipMessageParts {
  readonly kind: "request";
  /** Case matters: INVITE, ACK, … or what the peer made up. */
  readonly method: string;
  readonly uri: AnyUri;
  readonly routes: readonly NameAddress[];
  /** 0..255; undefined when it was not there. */
  readonly maxForwards: number | undefined;
}

export interface SipResponse extends SipMessageParts {
  readonly kind: "response";
  /** 100..699. */
  readonly status: number;
  readonly reason: string;
}

export type SipMessage = SipRequest | SipResponse;

/** The first value of a header; `name` is the long form in any case. */
export function headerValue(message: SipMessageParts, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return message.headers.find((header) => header.name.toLowerCase() === wanted)?.value;
}

/** All values of a header, one for each line it came in. */
export function headerValues(message: SipMessageParts, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return message.headers
    .filter((header) => header.name.toLowerCase() === wanted)
    .map((h) => h.value);
}

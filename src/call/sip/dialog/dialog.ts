/** One dialog (RFC 3261 section 12): who talks to whom, by which way, and which request comes next. */
import type {
  AnyUri,
  NameAddress,
  SipHeader,
  SipRequest,
  SipResponse,
} from "../message/sip-message.ts";

export interface DialogRequest {
  readonly method: string;
  readonly headers?: readonly SipHeader[];
  readonly contacts?: readonly NameAddress[];
  readonly body?: Uint8Array;
}

interface DialogParts {
  readonly callId: string;
  readonly local: NameAddress;
  readonly remote: NameAddress;
  readonly routes: readonly NameAddress[];
  readonly target: AnyUri;
  readonly localCSeq: number;
  readonly remoteCSeq: number | undefined;
}

const credentialHeaders = new Set(["authorization", "proxy-authorization"]);

export class Dialog {
  readonly callId: string;
  /** From of what we send, with our tag. */
  readonly local: NameAddress;
  /** To of what we send, with the peer's tag where it has one. */
  readonly remote: NameAddress;
  #routes: readonly NameAddress[];
  #target: AnyUri;
  #localCSeq: number;
  #remoteCSeq: number | undefined;

  private constructor(parts: DialogParts) {
    this.callId = parts.callId;
    this.local = parts.local;
    this.remote = parts.remote;
    this.#routes = parts.routes;
    this.#target = parts.target;
    this.#localCSeq = parts.localCSeq;
    this.#remoteCSeq = parts.remoteCSeq;
  }

  /** As the called side (section 12.1.1); undefined when the INVITE has no Contact to answer to. */
  static ofIncoming(invite: SipRequest, localTag: string): Dialog | undefined {
    const contact = invite.contacts === "*" ? undefined : invite.contacts[0];
    if (contact === undefined) return undefined;
    return new Dialog({
      callId: invite.callId,
      local: withTag(invite.to, localTag),
      remote: invite.from,
      routes: invite.recordRoutes,
      target: withoutHeaders(contact.uri),
      localCSeq: 0,
      remoteCSeq: invite.cseq.number,
    });
  }

  /**
   * As the calling side (section 12.1.2), from a response with a To tag. A response without Contact
   * leaves the way of the INVITE as it was: some gateways send such.
   */
  static ofOutgoing(invite: SipRequest, response: SipResponse): Dialog {
    const contact = response.contacts === "*" ? undefined : response.contacts[0];
    return new Dialog({
      callId: invite.callId,
      local: invite.from,
      remote: response.to,
      routes: response.recordRoutes.toReversed(),
      target: withoutHeaders(contact?.uri ?? invite.uri),
      localCSeq: invite.cseq.number,
      remoteCSeq: undefined,
    });
  }

  /** The 2xx of a dialog that a provisional response began has the last word on the way (13.2.2.4). */
  confirm(response: SipResponse): void {
    this.#routes = response.recordRoutes.toReversed();
    this.refreshTarget(response);
  }

  get localTag(): string {
    return tagOf(this.local) ?? "";
  }

  get remoteTag(): string | undefined {
    return tagOf(this.remote);
  }

  /** Where the next request goes: the first router that was recorded, or the peer itself. */
  get nextHop(): AnyUri {
    return this.#routes[0]?.uri ?? this.#target;
  }

  get localCSeq(): number {
    return this.#localCSeq;
  }

  /** Whether a request with our tag is from the peer of this dialog: a forked INVITE has several. */
  isFrom(request: SipRequest): boolean {
    return tagOf(request.from) === this.remoteTag;
  }

  /** A request within the dialog (section 12.2.1.1), without our Via. */
  request(parts: DialogRequest): SipRequest {
    this.#localCSeq += 1;
    return this.#build(parts, this.#localCSeq);
  }

  /** ACK to a 2xx (section 13.2.2.4): the number and the credentials of its INVITE. */
  ack(
    invite: SipRequest,
    body?: { readonly bytes: Uint8Array; readonly type: string },
  ): SipRequest {
    const headers = invite.headers.filter(({ name }) => credentialHeaders.has(name.toLowerCase()));
    if (body !== undefined) headers.push({ name: "Content-Type", value: body.type });
    const parts = { method: "ACK", headers };
    const ack = body === undefined ? parts : { ...parts, body: body.bytes };
    return this.#build(ack, invite.cseq.number);
  }

  /** A request was sent once more with a higher number, because of a challenge. */
  noteSent(cseqNumber: number): void {
    this.#localCSeq = Math.max(this.#localCSeq, cseqNumber);
  }

  /**
   * False when a request is older than what was there before (section 12.2.2); the answer is 500.
   * A BYE is never too old: whoever has left is gone.
   */
  admits(request: SipRequest): boolean {
    const { number, method } = request.cseq;
    const isOld = this.#remoteCSeq !== undefined && number < this.#remoteCSeq;
    if (isOld) return method === "BYE";
    this.#remoteCSeq = number;
    return true;
  }

  /** A re-INVITE or UPDATE, or the 2xx to ours, may move the peer (section 12.2). */
  refreshTarget(message: SipRequest | SipResponse): void {
    const contact = message.contacts === "*" ? undefined : message.contacts[0];
    if (contact !== undefined) this.#target = withoutHeaders(contact.uri);
  }

  #build({ method, headers = [], contacts = [], body }: DialogRequest, cseq: number): SipRequest {
    return {
      kind: "request",
      method,
      ...this.#way(),
      maxForwards: undefined,
      via: [],
      from: this.local,
      to: this.remote,
      callId: this.callId,
      cseq: { number: cseq, method },
      contacts,
      recordRoutes: [],
      headers,
      body: body ?? new Uint8Array(0),
    };
  }

  #way(): Pick<SipRequest, "uri" | "routes"> {
    const first = this.#routes[0];
    if (first === undefined || isLooseRouter(first.uri)) {
      return { uri: this.#target, routes: this.#routes };
    }
    // A strict router of RFC 2543 wants itself in the request line and the peer at the end.
    const target: NameAddress = {
      displayName: undefined,
      uri: this.#target,
      parameters: new Map(),
    };
    return { uri: first.uri, routes: [...this.#routes.slice(1), target] };
  }
}

export function tagOf(address: NameAddress): string | undefined {
  return address.parameters.get("tag");
}

export function withTag(address: NameAddress, tag: string): NameAddress {
  return { ...address, parameters: new Map(address.parameters).set("tag", tag) };
}

/** What stands behind "?" in a Contact is no part of a request line (section 19.1.1). */
function withoutHeaders(uri: AnyUri): AnyUri {
  return "text" in uri ? uri : { ...uri, headers: undefined };
}

function isLooseRouter(uri: AnyUri): boolean {
  return "parameters" in uri && uri.parameters.has("lr");
}

/** Makes the REGISTER requests of one line: one Call-ID, one From tag, a CSeq that only rises. */
import type { NameAddress, SipHeader, SipRequest, SipUri } from "../message/sip-message.ts";
import type { RegistrarTarget } from "./registrar-target.ts";
import type { SipLine } from "./sip-line.ts";

export interface RegisterParts {
  readonly target: RegistrarTarget;
  /** Undefined when we only say good-bye. */
  readonly contact: NameAddress | undefined;
  readonly expiresSeconds: number;
  /** Bindings that go with this request. */
  readonly removed: readonly NameAddress[];
}

export interface RegisterRequestsOptions {
  readonly line: SipLine;
  /** User-Agent, Allow, Supported … */
  readonly headers: readonly SipHeader[];
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
}

const noBody = new Uint8Array(0);
const maxForwards = 70;

export class RegisterRequests {
  readonly #headers: readonly SipHeader[];
  readonly #address: NameAddress;
  readonly #callId: string;
  readonly #fromTag: string;
  #lastCSeq = 0;

  constructor({ line, headers, randomBytes }: RegisterRequestsOptions) {
    const { user, host } = line;
    const scheme = "sip" as const;
    const parameters = new Map<string, string | undefined>();
    const rest = { password: undefined, port: undefined, headers: undefined };
    const uri: SipUri = { scheme, user, host, parameters, ...rest };
    this.#address = { displayName: undefined, uri, parameters };
    this.#headers = headers;
    this.#callId = randomBytes(16).toHex();
    this.#fromTag = randomBytes(8).toHex();
  }

  /** The next one, without Via and credentials. */
  make({ target, contact, expiresSeconds, removed }: RegisterParts): SipRequest {
    this.#lastCSeq += 1;
    const kept = contact === undefined ? [] : [withExpires(contact, expiresSeconds)];
    const shownSeconds = contact === undefined ? 0 : expiresSeconds;
    return {
      kind: "request",
      method: "REGISTER",
      uri: target.registrar,
      routes: target.proxy === undefined ? [] : [plainAddress(target.proxy)],
      maxForwards,
      via: [],
      from: { ...this.#address, parameters: new Map([["tag", this.#fromTag]]) },
      to: this.#address,
      callId: this.#callId,
      cseq: { number: this.#lastCSeq, method: "REGISTER" },
      contacts: [...kept, ...removed.map((old) => withExpires(old, 0))],
      recordRoutes: [],
      headers: [...this.#headers, { name: "Expires", value: String(shownSeconds) }],
      body: noBody,
    };
  }
}

function withExpires(contact: NameAddress, seconds: number): NameAddress {
  const parameters = new Map([...contact.parameters, ["expires", String(seconds)]]);
  return { ...contact, parameters };
}

function plainAddress(uri: SipUri): NameAddress {
  return { displayName: undefined, uri, parameters: new Map() };
}

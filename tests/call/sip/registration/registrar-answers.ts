/** What a registrar of these tests asks for and grants. */
import { parseSchemes } from "../../../../src/call/sip/digest/authentication-header.ts";
import {
  headerValue,
  type NameAddress,
  type SipRequest,
} from "../../../../src/call/sip/message/sip-message.ts";
import { address, sipUri } from "../digest/challenged.ts";
import { type Reaction } from "./scripted-registrar.ts";

export function credential(request: SipRequest, name: string): string | undefined {
  return parseSchemes(headerValue(request, "Authorization") ?? "")[0]?.parameters.get(name);
}

/** Asks for credentials once for each nonce, as Asterisk does; `nonce` names the one that is valid. */
export function authenticating(nonce: () => string): (request: SipRequest) => Reaction {
  return (request) => {
    if (credential(request, "nonce") === nonce()) return { status: 200 };
    const value = `Digest realm="asterisk", nonce="${nonce()}", algorithm=MD5, qop="auth"`;
    return { status: 401, headers: { "WWW-Authenticate": value } };
  };
}

export function own(port = 5060, expires?: string): NameAddress {
  const parameters = new Map(expires === undefined ? [] : [["expires", expires]]);
  return { ...address(sipUri("100", "192.0.2.10", port)), parameters };
}

export function foreign(expires: string): NameAddress {
  const parameters = new Map([["expires", expires]]);
  return { ...address(sipUri("100", "203.0.113.7", 44_444)), parameters };
}

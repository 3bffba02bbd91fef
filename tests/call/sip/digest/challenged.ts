/** A request and what a PBX answers to it, for tests of authentication. */
import type {
  NameAddress,
  SipHeader,
  SipRequest,
  SipResponse,
  SipUri,
} from "../../../../src/call/sip/message/sip-message.ts";

export function sipUri(user: string | undefined, host: string, port?: number): SipUri {
  const parameters = new Map<string, string | undefined>();
  return {
    scheme: "sip",
    user,
    password: undefined,
    host,
    port,
    parameters,
    headers: undefined,
  };
}

export function address(uri: SipUri): NameAddress {
  return { displayName: undefined, uri, parameters: new Map() };
}

export function makeRequest(overrides: Partial<SipRequest> = {}): SipRequest {
  const own = address(sipUri("100", "pbx.example"));
  return {
    kind: "request",
    method: "REGISTER",
    uri: sipUri(undefined, "pbx.example"),
    routes: [],
    maxForwards: 70,
    via: [],
    from: own,
    to: own,
    callId: "call-1",
    cseq: { number: 1, method: "REGISTER" },
    contacts: [],
    recordRoutes: [],
    headers: [{ name: "Expires", value: "120" }],
    body: new Uint8Array(0),
    ...overrides,
  };
}

export function makeResponse(
  request: SipRequest,
  status: number,
  headers: readonly SipHeader[] = [],
): SipResponse {
  const { via, from, to, callId, cseq } = request;
  return {
    kind: "response",
    status,
    reason: status === 401 ? "Unauthorized" : "Whatever",
    via,
    from,
    to,
    callId,
    cseq,
    contacts: [],
    recordRoutes: [],
    headers,
    body: new Uint8Array(0),
  };
}

/** A 401 with one WWW-Authenticate line for each text. */
export function challenge(request: SipRequest, ...lines: readonly string[]): SipResponse {
  const headers = lines.map((value) => ({ name: "WWW-Authenticate", value }));
  return makeResponse(request, 401, headers);
}

/** Bytes that differ from call to call and are the same in each run. */
export function countingBytes(): (count: number) => Uint8Array {
  let calls = 0;
  return (count) => {
    calls += 1;
    return new Uint8Array(count).fill(calls);
  };
}

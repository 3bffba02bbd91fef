import { describe, expect, test } from "bun:test";
import { answerEndpoint, stampVia } from "../../../../src/call/sip/transport/via-stamp.ts";
import { optionsRequest, type OptionsRequest, parseAsRequest } from "./transport-rig.ts";

const ipv4Source = { address: "198.51.100.7", port: 40_000 };
const ipv6Source = { address: "2001:db8::7", port: 40_000 };

interface StampCase {
  readonly rule: string;
  readonly sent: OptionsRequest;
  readonly source?: typeof ipv4Source;
  readonly received: string | undefined;
  readonly rport: string | undefined;
  readonly answerPort: number;
}

const cases: readonly StampCase[] = [
  {
    rule: "a sender that knows its address is believed",
    sent: { sentBy: "198.51.100.7:5070" },
    received: undefined,
    rport: undefined,
    answerPort: 5070,
  },
  {
    rule: "another address than the source's gets received, and the usual port is 5060",
    sent: { sentBy: "192.0.2.9" },
    received: "198.51.100.7",
    rport: undefined,
    answerPort: 5060,
  },
  {
    rule: "a name gets received, since nobody knows whether it is the source's",
    sent: { sentBy: "pbx.example:5062" },
    received: "198.51.100.7",
    rport: undefined,
    answerPort: 5062,
  },
  {
    rule: "rport is filled in, and received with it even for the same address",
    sent: { sentBy: "198.51.100.7:5070", viaParameters: ";rport" },
    received: "198.51.100.7",
    rport: "40000",
    answerPort: 40_000,
  },
  {
    rule: "what the sender claims to be received and rport is replaced",
    sent: { sentBy: "198.51.100.7", viaParameters: ";rport=9;received=203.0.113.1" },
    received: "198.51.100.7",
    rport: "40000",
    answerPort: 40_000,
  },
  {
    rule: "maddr sends no answer elsewhere",
    sent: { sentBy: "198.51.100.7:5070", viaParameters: ";maddr=203.0.113.1" },
    received: undefined,
    rport: undefined,
    answerPort: 5070,
  },
  {
    rule: "an IPv6 address is the same in any spelling",
    sent: { sentBy: "[2001:DB8:0:0::7]:5070" },
    source: ipv6Source,
    received: undefined,
    rport: undefined,
    answerPort: 5070,
  },
];

describe("the topmost Via of a request", () => {
  test.each([...cases])("$rule", ({ sent, source = ipv4Source, received, rport, answerPort }) => {
    const stamped = stampVia(parseAsRequest(optionsRequest(sent)), source);
    const top = stamped.via[0];
    if (top === undefined) throw new Error("no Via");
    expect(top.parameters.get("received")).toBe(received);
    expect(top.parameters.get("rport")).toBe(rport);
    expect(top.parameters.get("branch")).toBe("z9hG4bKone");
    expect(answerEndpoint(top, source)).toEqual({ address: source.address, port: answerPort });
  });

  test("the request that came is left as it is", () => {
    const request = parseAsRequest(optionsRequest({ viaParameters: ";rport" }));
    stampVia(request, ipv4Source);
    expect(request.via[0]?.parameters.get("rport")).toBeUndefined();
  });
});

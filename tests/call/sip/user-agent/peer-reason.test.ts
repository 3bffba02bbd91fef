import { expect, test } from "bun:test";
import { reasonOf, refusalReason } from "../../../../src/call/sip/user-agent/peer-reason.ts";
import type { SipHeader } from "../../../../src/call/sip/message/sip-message.ts";
import { addressOf } from "./two-agents.ts";

function refusal(headers: readonly SipHeader[]) {
  const party = addressOf("alice", "test.example", undefined);
  return {
    reason: "Service Unavailable",
    via: [],
    from: party,
    to: party,
    callId: "1",
    cseq: { number: 1, method: "INVITE" },
    contacts: [],
    recordRoutes: [],
    headers,
    body: new Uint8Array(0),
  };
}

const reasonHeader = (...values: string[]) =>
  refusal(values.map((value) => ({ name: "Reason", value })));

test.each<[string, string[], string]>([
  ["none", [], ""],
  ["a text", ['Q.850;cause=16;text="Normal call clearing"'], "Normal call clearing"],
  ["a text with quotes in it", ['SIP;cause=200;text="Call \\"completed\\""'], 'Call "completed"'],
  ["a cause alone", ["Q.850;cause=17"], "user busy"],
  ["an unusual cause", ["Q.850 ; cause = 99"], "Q.850 cause 99"],
  ["a SIP cause", ["SIP;cause=487"], "SIP cause 487"],
  ["two of them", ["X.int;reasoncode=0x0000", "Q.850;cause=34"], "no circuit available"],
  ["a bare text", ["Q.850;cause=31;text=Normal"], "Normal"],
  ["nonsense", [";;;"], ""],
])("the Reason of a BYE with %s", (_name, values, expected) => {
  expect(reasonOf(reasonHeader(...values))).toBe(expected);
});

test("a refusal says its own words and those of Reason or Warning", () => {
  expect(refusalReason(refusal([]))).toBe("Service Unavailable");
  expect(refusalReason(reasonHeader("Q.850;cause=34"))).toBe(
    "Service Unavailable: no circuit available",
  );
  const warning = { name: "Warning", value: '399 pbx "no codec fits"' };
  expect(refusalReason(refusal([warning]))).toBe("Service Unavailable: no codec fits");
  expect(refusalReason(reasonHeader('SIP;cause=503;text="Service unavailable"'))).toBe(
    "Service Unavailable",
  );
});

test("a reason is short, whatever the peer sends", () => {
  expect(reasonOf(reasonHeader(`SIP;text="${"x".repeat(5000)}"`)).length).toBeLessThan(200);
});

import { describe, expect, test } from "bun:test";
import type { SipRequest, Via } from "../../../../src/call/sip/message/sip-message.ts";
import { party, request, respond, Rig, via } from "./sip-rig.ts";

const branch = "z9hG4bKpeer1";

/** How many requests are handed up when both come in. */
function handedUp(first: SipRequest, second: SipRequest): number {
  const rig = new Rig();
  rig.layer.receive(first, rig.udp);
  rig.layer.receive(second, rig.udp);
  return rig.transactions.length;
}

describe("a request with the branch of RFC 3261", () => {
  const options = request("OPTIONS", { branch, toTag: "ours" });

  test("is a copy when branch, sent-by and method are the same, whatever else differs", () => {
    expect(handedUp(options, request("OPTIONS", { branch, callId: "other", cseq: 7 }))).toBe(1);
  });

  test.each([
    ["branch", request("OPTIONS", { branch: "z9hG4bKpeer2", toTag: "ours" })],
    ["sent-by host", request("OPTIONS", { via: [via(branch, "192.0.2.10")], toTag: "ours" })],
    ["sent-by port", request("OPTIONS", { via: [via(branch, "192.0.2.9", 5062)], toTag: "ours" })],
    ["method", request("INFO", { branch, toTag: "ours" })],
  ])("is new when its %s differs", (_what, other) => {
    expect(handedUp(options, other)).toBe(2);
  });

  test("finds its sent-by in any case, and with or without the usual port", () => {
    const bare = { ...via(branch, "PBX.example.net"), port: undefined };
    const full = via(branch, "pbx.example.net", 5060);
    expect(handedUp(request("OPTIONS", { via: [bare] }), request("OPTIONS", { via: [full] }))).toBe(
      1,
    );
  });

  test.each([
    ["TLS", 1],
    ["TCP", 2],
  ])("over %s: a Via without port and one with 5061 mean %i sent-by", (transport, count) => {
    const full = { ...via(branch, "pbx.example.net", 5061), transport };
    const bare = { ...full, port: undefined };
    expect(handedUp({ ...options, via: [full] }, { ...options, via: [bare] })).toBe(count);
  });

  test("is a copy on whatever flow it comes, and is answered on the first", () => {
    const rig = new Rig();
    rig.layer.receive(options, rig.udp);
    rig.last.respond(respond(options, 200));
    rig.layer.receive(options, rig.tcp);
    expect(rig.udp.names).toEqual(["200", "200"]);
    expect(rig.tcp.names).toEqual([]);
  });
});

function withParameter(hop: Via, value: string): Via {
  return { ...hop, parameters: new Map([...hop.parameters, ["x-hop", value]]) };
}

describe.each([
  ["no branch", undefined],
  ["a branch without cookie", "1"],
])("a request of RFC 2543 with %s", (_what, oldBranch) => {
  const old = [via(oldBranch)];
  const six = old.map((hop) => withParameter(hop, "6"));
  const bye = request("BYE", { via: six, toTag: "ours" });
  const invite = request("INVITE", { via: old });

  test("is a copy when URI, tags, Call-ID, CSeq and Via are the same", () => {
    expect(handedUp(invite, request("INVITE", { via: old }))).toBe(1);
  });

  test.each([
    ["Call-ID", request("INVITE", { via: old, callId: "other" })],
    ["CSeq number", request("INVITE", { via: old, cseq: 2 })],
    ["From tag", request("INVITE", { via: old, fromTag: "other" })],
    ["method", request("OPTIONS", { via: old })],
  ])("is new when its %s differs", (_part, other) => {
    expect(handedUp(invite, other)).toBe(2);
  });

  test.each([
    ["Request-URI", { ...bye, uri: { scheme: "tel", text: "tel:2" } as const }],
    ["user of the Request-URI", { ...bye, uri: party("201").uri }],
    ["Via parameter", { ...bye, via: old.map((hop) => withParameter(hop, "7")) }],
    ["To tag", { ...bye, to: party("200", "other") }],
    ["Via", { ...bye, via: six.map((hop) => ({ ...hop, host: "192.0.2.77" })) }],
  ])("is new when its %s differs, within a dialog", (_part, other) => {
    expect(handedUp(bye, { ...bye })).toBe(1);
    expect(handedUp(bye, other)).toBe(2);
  });

  test("an ACK to a refusal is found, though it has the To tag that we gave", () => {
    const rig = new Rig();
    rig.layer.receive(invite, rig.udp);
    rig.last.respond(respond(invite, 486));
    rig.layer.receive(request("ACK", { via: old, toTag: "to-tag" }), rig.udp);
    rig.clock.advance(4999);
    expect(rig.udp.names).toEqual(["486"]);
    expect(rig.events).toEqual(["0 request INVITE"]);
    rig.clock.advance(1);
    expect(rig.layer.status().servers).toBe(0);
  });

  test("an ACK to a 2xx is handed up", () => {
    const rig = new Rig();
    rig.layer.receive(invite, rig.udp);
    rig.last.respond(respond(invite, 200));
    rig.layer.receive(request("ACK", { via: old, toTag: "to-tag" }), rig.udp);
    expect(rig.events).toEqual(["0 request INVITE", "0 ack"]);
  });

  test("a CANCEL finds its INVITE", () => {
    const rig = new Rig();
    rig.layer.receive(invite, rig.udp);
    rig.layer.receive(request("CANCEL", { via: old }), rig.udp);
    expect(rig.udp.names).toEqual(["200"]);
    expect(rig.events).toEqual(["0 request INVITE", "0 cancelled INVITE"]);
  });
});

describe("a request that comes a second way as well", () => {
  const second = "z9hG4bKpeer2";

  test.each(["INVITE", "OPTIONS"])("%s is answered 482 and not handed up", (method) => {
    const rig = new Rig();
    rig.layer.receive(request(method, { branch }), rig.udp);
    rig.layer.receive(request(method, { branch: second }), rig.udp);
    expect(rig.transactions).toHaveLength(1);
    expect(rig.udp.names).toEqual(["482"]);
    expect(rig.udp.response(482).to.parameters.get("tag")).toMatch(/^[0-9a-f]+$/);
    expect(rig.layer.status().merged).toBe(1);
  });

  test("the 482 to an INVITE waits for its ACK as any refusal, but nobody is told of it", () => {
    const rig = new Rig();
    rig.layer.receive(request("INVITE", { branch }), rig.udp);
    rig.last.respond(respond(rig.last.request, 100));
    rig.layer.receive(request("INVITE", { branch: second }), rig.udp);
    rig.clock.advance(32_000);
    expect(rig.udp.timesOf("482")).toHaveLength(11);
    expect(rig.events).toEqual(["0 request INVITE"]);
    expect(rig.layer.status().servers).toBe(1);
  });

  test("a CANCEL of the second way does not cancel the first", () => {
    const rig = new Rig();
    rig.layer.receive(request("INVITE", { branch }), rig.udp);
    rig.layer.receive(request("INVITE", { branch: second }), rig.udp);
    rig.layer.receive(request("CANCEL", { branch: second }), rig.udp);
    expect(rig.events).toEqual(["0 request INVITE"]);
    expect(rig.udp.names).toEqual(["482", "200"]);
  });

  test("within a dialog is none: the To tag is ours", () => {
    const inDialog = { toTag: "ours" };
    const first = request("INFO", { branch, ...inDialog });
    expect(handedUp(first, request("INFO", { branch: second, ...inDialog }))).toBe(2);
  });

  test("is new once the first is over", () => {
    const rig = new Rig();
    rig.layer.receive(request("OPTIONS", { branch }), rig.udp);
    rig.last.respond(respond(rig.last.request, 200));
    rig.clock.advance(32_000);
    rig.layer.receive(request("OPTIONS", { branch: second }), rig.udp);
    expect(rig.transactions).toHaveLength(2);
  });

  test("the next try of a caller, with a higher CSeq, is new", () => {
    expect(
      handedUp(request("INVITE", { branch }), request("INVITE", { branch: second, cseq: 2 })),
    ).toBe(2);
  });
});

test("a request without Via cannot be answered: it is counted and dropped", () => {
  const rig = new Rig();
  for (const method of ["INVITE", "ACK", "CANCEL", "OPTIONS"]) {
    rig.layer.receive(request(method, { via: [] }), rig.udp);
  }
  expect(rig.events).toEqual([]);
  expect(rig.udp.sent).toEqual([]);
  expect(rig.layer.status()).toMatchObject({ withoutVia: 4, servers: 0 });
});

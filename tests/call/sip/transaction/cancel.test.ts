import { describe, expect, test } from "bun:test";
import { nothingLeft, party, request, respond, Rig } from "./sip-rig.ts";

function calling(transport: "udp" | "tcp" = "udp") {
  const rig = new Rig();
  const flow = rig.flow(transport);
  const client = rig.client();
  const invite = request("INVITE", {
    cseq: 9,
    routes: [party("proxy")],
    headers: [{ name: "Require", value: "100rel" }],
  });
  const transaction = rig.layer.request(invite, flow, client.handlers);
  const answer = (status: number): void =>
    rig.layer.receive(respond(transaction.request, status), flow);
  const answerCancel = (status: number): void =>
    rig.layer.receive(respond(flow.request("CANCEL"), status), flow);
  const cancel = (): void => rig.layer.cancel(transaction);
  return { rig, flow, client, transaction, answer, answerCancel, cancel };
}

describe("CANCEL of our INVITE", () => {
  test("while it rings is sent at once; the 487 is acknowledged and reported", () => {
    const { rig, flow, client, answer, answerCancel, cancel } = calling();
    answer(180);
    cancel();
    answerCancel(200);
    answer(487);
    expect(flow.names).toEqual(["INVITE", "CANCEL", "ACK"]);
    expect(client.events).toEqual(["0 provisional 180", "0 final 487"]);
    rig.clock.advance(32_000);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("has branch, route, number and parties of the INVITE, and nothing that is not the hop's", () => {
    const { flow, transaction, answer, cancel } = calling();
    answer(180);
    cancel();
    const { uri, via, routes, from, to, callId } = transaction.request;
    expect(flow.request("CANCEL")).toEqual({
      kind: "request",
      method: "CANCEL",
      uri,
      via,
      maxForwards: 70,
      routes,
      from,
      to,
      callId,
      cseq: { number: 9, method: "CANCEL" },
      contacts: [],
      recordRoutes: [],
      headers: [],
      body: new Uint8Array(),
    });
  });

  test("waits for the first provisional response, while the INVITE is still repeated", () => {
    const { rig, flow, client, answer, cancel } = calling();
    cancel();
    rig.clock.advance(1500);
    expect(flow.names).toEqual(["INVITE", "INVITE", "INVITE"]);
    answer(100);
    expect(flow.timesOf("CANCEL")).toEqual([1500]);
    answer(180);
    cancel();
    expect(flow.timesOf("CANCEL")).toEqual([1500]);
    expect(client.events).toEqual(["1500 provisional 100", "1500 provisional 180"]);
  });

  test.each([
    [200, ["INVITE"], ["0 final 200"]],
    [486, ["INVITE", "ACK"], ["0 final 486"]],
  ])("is not sent when a %i comes before any provisional response", (status, names, events) => {
    const { rig, flow, client, answer, cancel } = calling();
    cancel();
    answer(status);
    answer(180);
    rig.clock.advance(31_000);
    expect(flow.names).toEqual(names);
    expect(client.events).toEqual(events);
    rig.clock.advance(1000);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test.each([200, 486])("is not sent behind a %i", (status) => {
    const { rig, flow, answer, cancel } = calling();
    answer(180);
    answer(status);
    cancel();
    rig.clock.advance(40_000);
    cancel();
    expect(flow.timesOf("CANCEL")).toEqual([]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("that a 200 crosses: the 200 is handed up, its user has to end that call", () => {
    const { rig, flow, client, answer, answerCancel, cancel } = calling();
    answer(180);
    cancel();
    answer(200);
    answerCancel(481);
    answer(200);
    expect(client.events).toEqual(["0 provisional 180", "0 final 200", "0 final 200"]);
    expect(flow.timesOf("ACK")).toEqual([]);
    rig.clock.advance(32_000);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("is repeated as any request, and answered again it stops", () => {
    const { rig, flow, answer, answerCancel, cancel } = calling();
    answer(180);
    cancel();
    rig.clock.advance(3500);
    answerCancel(200);
    rig.clock.advance(10_000);
    expect(flow.timesOf("CANCEL")).toEqual([0, 500, 1500, 3500]);
  });

  test("leads to nothing for 32 s: the INVITE is reported timed out", () => {
    const { rig, client, answer, answerCancel, cancel } = calling();
    rig.clock.advance(1000);
    answer(180);
    rig.clock.advance(60_000);
    cancel();
    answerCancel(200);
    answer(180);
    rig.clock.advance(31_999);
    expect(client.events).toEqual(["1000 provisional 180", "61000 provisional 180"]);
    rig.clock.advance(1);
    expect(client.events.at(-1)).toBe("93000 timedOut");
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("that nobody answers either times out with it, and one report is enough", () => {
    const { rig, flow, client, answer, cancel } = calling();
    answer(180);
    cancel();
    rig.clock.advance(32_000);
    expect(flow.timesOf("CANCEL")).toHaveLength(11);
    expect(client.events).toEqual(["0 provisional 180", "32000 timedOut"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("to a peer that is not there: the INVITE times out and no CANCEL is sent", () => {
    const { rig, flow, client, cancel } = calling();
    cancel();
    rig.clock.advance(32_000);
    expect(client.events).toEqual(["32000 timedOut"]);
    expect(flow.timesOf("CANCEL")).toEqual([]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("by a user that is gone: the CANCEL still goes out and the 487 is acknowledged, unreported", () => {
    const { rig, flow, client, transaction, answer, cancel } = calling();
    cancel();
    transaction.abandon();
    rig.clock.advance(500);
    answer(180);
    answer(487);
    expect(flow.names).toEqual(["INVITE", "INVITE", "CANCEL", "ACK"]);
    expect(client.events).toEqual([]);
    rig.clock.advance(32_000);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("that the flow does not take leaves the INVITE to its limit of 32 s", () => {
    const { rig, flow, client, answer, cancel } = calling();
    answer(180);
    flow.errno = "ENOBUFS";
    cancel();
    rig.clock.advance(32_000);
    expect(client.events).toEqual(["0 provisional 180", "32000 timedOut"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test.each([
    ["before it could be sent", [], ["0 failed ECONNRESET"]],
    ["behind it", [180], ["0 provisional 180", "0 failed ECONNRESET"]],
  ])("and the flow ends %s: the INVITE has failed", (_when, statuses, events) => {
    const { rig, flow, client, answer, cancel } = calling();
    for (const status of statuses) answer(status);
    cancel();
    rig.layer.flowClosed(flow, "ECONNRESET");
    expect(client.events).toEqual(events);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("and a copy of the INVITE cannot be sent: it has failed", () => {
    const { rig, flow, client, cancel } = calling();
    cancel();
    flow.errno = "ENETUNREACH";
    rig.clock.advance(500);
    expect(client.events).toEqual(["500 failed ENETUNREACH"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("on a stream: sent once, and 487 leaves nothing", () => {
    const { rig, flow, client, answer, answerCancel, cancel } = calling("tcp");
    answer(180);
    cancel();
    rig.clock.advance(10_000);
    answerCancel(200);
    answer(487);
    expect(flow.names).toEqual(["INVITE", "CANCEL", "ACK"]);
    expect(client.events).toEqual(["0 provisional 180", "10000 final 487"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("a request other than INVITE cannot be cancelled", () => {
    const rig = new Rig();
    const register = rig.layer.request(request("REGISTER"), rig.udp, rig.client().handlers);
    rig.layer.receive(respond(register.request, 100), rig.udp);
    rig.layer.cancel(register);
    rig.clock.advance(100);
    expect(rig.udp.names).toEqual(["REGISTER"]);
  });
});

describe("CANCEL from a peer", () => {
  const branch = "z9hG4bKpeer1";

  function invited() {
    const rig = new Rig();
    const invite = request("INVITE", { branch });
    rig.layer.receive(invite, rig.udp);
    const cancel = (): void => rig.layer.receive(request("CANCEL", { branch }), rig.udp);
    const answer = (status: number): void => rig.last.respond(respond(invite, status));
    return { rig, cancel, answer };
  }

  test("is answered 200 and reported once, however often it comes; the user answers 487", () => {
    const { rig, cancel, answer } = invited();
    rig.onCancelled = (transaction) => transaction.respond(respond(transaction.request, 487));
    answer(180);
    cancel();
    cancel();
    expect(rig.events).toEqual(["0 request INVITE", "0 cancelled INVITE"]);
    expect(rig.udp.names).toEqual(["180", "200", "487", "200"]);
    expect(rig.udp.response(200).cseq).toEqual({ number: 1, method: "CANCEL" });
    rig.layer.receive(request("ACK", { branch, toTag: "to-tag" }), rig.udp);
    rig.clock.advance(32_000);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("is answered with the tag that the INVITE was answered with", () => {
    const { rig, cancel, answer } = invited();
    answer(180);
    cancel();
    expect(rig.udp.response(200).to.parameters.get("tag")).toBe("to-tag");
  });

  test("before any response to the INVITE is answered with some tag", () => {
    const { rig, cancel } = invited();
    cancel();
    expect(rig.udp.response(200).to.parameters.get("tag")).toMatch(/^[0-9a-f]+$/);
    expect(rig.events).toEqual(["0 request INVITE", "0 cancelled INVITE"]);
  });

  test.each([200, 486])("that crosses our %i is answered 200 and changes nothing", (status) => {
    const { rig, cancel, answer } = invited();
    answer(status);
    cancel();
    expect(rig.udp.names).toEqual([String(status), "200"]);
    expect(rig.events).toEqual(["0 request INVITE"]);
  });

  test("of an INVITE that we do not know is answered 481, its copies too", () => {
    const rig = new Rig();
    const cancel = request("CANCEL", { branch });
    rig.layer.receive(cancel, rig.udp);
    rig.layer.receive(cancel, rig.udp);
    expect(rig.udp.names).toEqual(["481", "481"]);
    expect(rig.udp.response(481).to.parameters.get("tag")).toMatch(/^[0-9a-f]+$/);
    expect(rig.events).toEqual([]);
    expect(rig.layer.status()).toMatchObject({ cancels: 1, absorbed: 1 });
    rig.clock.advance(32_000);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("another CANCEL with a branch of its own does not touch the INVITE", () => {
    const { rig } = invited();
    rig.layer.receive(request("CANCEL", { branch: "z9hG4bKpeer2" }), rig.udp);
    expect(rig.udp.names).toEqual(["481"]);
    expect(rig.events).toEqual(["0 request INVITE"]);
  });
});

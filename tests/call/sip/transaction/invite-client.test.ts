import { describe, expect, test } from "bun:test";
import { nothingLeft, party, request, respond, Rig } from "./sip-rig.ts";

function calling(transport: "udp" | "tcp" = "udp") {
  const rig = new Rig();
  const flow = rig.flow(transport);
  const client = rig.client();
  const transaction = rig.layer.request(request("INVITE"), flow, client.handlers);
  const answer = (status: number, tag?: string): void =>
    rig.layer.receive(respond(transaction.request, status, tag), flow);
  return { rig, flow, client, transaction, answer };
}

describe("INVITE sent on datagrams", () => {
  test("timer A repeats it after 0.5 s, doubling, until timer B gives up after 32 s", () => {
    const { rig, flow, client } = calling();
    rig.clock.advance(31_999);
    expect(flow.timesOf("INVITE")).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(client.events).toEqual([]);
    rig.clock.advance(1);
    expect(client.events).toEqual(["32000 timedOut"]);
    expect(rig.leftovers).toEqual(nothingLeft);
    expect(rig.layer.status()).toMatchObject({ sent: 1, retransmissions: 6, timeouts: 1 });
  });

  test("each copy is the same message", () => {
    const { rig, flow } = calling();
    rig.clock.advance(10_000);
    expect(new Set(flow.sent.map(({ message }) => message)).size).toBe(1);
  });

  test("a provisional response ends repetition and timer B: it may ring as long as it likes", () => {
    const { rig, flow, client, answer } = calling();
    rig.clock.advance(600);
    answer(100);
    answer(180);
    rig.clock.advance(3_600_000);
    answer(183);
    expect(flow.timesOf("INVITE")).toEqual([0, 500]);
    expect(client.events).toEqual([
      "600 provisional 100",
      "600 provisional 180",
      "3600600 provisional 183",
    ]);
    expect(rig.leftovers).toEqual({ timers: 0, clients: 1, servers: 0 });
  });

  test("a refusal is acknowledged and reported once, its copies for 32 s (timer D) only acknowledged", () => {
    const { rig, flow, client, answer } = calling();
    answer(180);
    answer(486);
    for (const pauseMs of [500, 1000, 30_499]) {
      rig.clock.advance(pauseMs);
      answer(486);
    }
    expect(flow.timesOf("ACK")).toEqual([0, 500, 1500, 31_999]);
    expect(client.events).toEqual(["0 provisional 180", "0 final 486"]);
    rig.clock.advance(1);
    expect(rig.leftovers).toEqual(nothingLeft);
    answer(486);
    expect(flow.timesOf("ACK")).toHaveLength(4);
    expect(rig.layer.status().strayResponses).toBe(1);
  });

  test("the ACK to a refusal has branch, route and CSeq number of the INVITE, and To of the answer", () => {
    const rig = new Rig();
    const routes = [party("proxy-1"), party("proxy-2")];
    const invite = request("INVITE", {
      cseq: 77,
      routes,
      headers: [{ name: "Supported", value: "timer" }],
    });
    const transaction = rig.layer.request(invite, rig.udp, rig.client().handlers);
    rig.layer.receive(respond(transaction.request, 404, "theirs"), rig.udp);
    const ack = rig.udp.request("ACK");
    expect(ack.via).toEqual(transaction.request.via);
    expect(ack).toMatchObject({
      uri: invite.uri,
      routes,
      from: invite.from,
      callId: invite.callId,
      cseq: { number: 77, method: "ACK" },
      maxForwards: 70,
      headers: [],
      contacts: [],
    });
    expect(ack.to.parameters.get("tag")).toBe("theirs");
    expect(ack.body).toHaveLength(0);
  });

  test("a 2xx is handed up each time it comes, for 32 s (timer M), and never acknowledged here", () => {
    const { rig, flow, client, answer } = calling();
    answer(200);
    rig.clock.advance(31_999);
    answer(200);
    rig.clock.advance(1);
    expect(rig.leftovers).toEqual(nothingLeft);
    answer(200);
    expect(client.events).toEqual(["0 final 200", "31999 final 200"]);
    expect(flow.names).toEqual(["INVITE"]);
    expect(rig.layer.status().strayResponses).toBe(1);
  });

  test("a fork: each branch's 2xx is handed up, even behind a refusal", () => {
    const accepted = calling();
    accepted.answer(200, "one");
    accepted.answer(200, "two");
    accepted.answer(180, "three");
    accepted.answer(486, "three");
    const tags = accepted.client.responses.map(({ to }) => to.parameters.get("tag"));
    expect(tags).toEqual(["one", "two"]);

    const refused = calling();
    refused.answer(486, "one");
    refused.answer(200, "two");
    refused.answer(180, "two");
    expect(refused.client.events).toEqual(["0 final 486", "0 final 200"]);
    expect(refused.flow.timesOf("ACK")).toHaveLength(1);
  });

  test("a lost ACK: the refusal comes again and so does the ACK", () => {
    const { rig, flow, client, answer } = calling();
    answer(603);
    flow.errno = "ENOBUFS";
    rig.clock.advance(500);
    answer(603);
    flow.errno = undefined;
    rig.clock.advance(1000);
    answer(603);
    expect(flow.timesOf("ACK")).toEqual([0, 1500]);
    expect(client.events).toEqual(["0 final 603"]);
    expect(rig.layer.status().sendFailures).toBe(1);
  });
});

describe("INVITE sent on a stream", () => {
  test("is sent once and given up after 32 s", () => {
    const { rig, flow, client } = calling("tcp");
    rig.clock.advance(31_999);
    expect(flow.timesOf("INVITE")).toEqual([0]);
    expect(client.events).toEqual([]);
    rig.clock.advance(1);
    expect(client.events).toEqual(["32000 timedOut"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("a refusal is acknowledged and ends it at once: timer D is 0", () => {
    const { rig, flow, client, answer } = calling("tcp");
    answer(480);
    expect(flow.names).toEqual(["INVITE", "ACK"]);
    expect(client.events).toEqual(["0 final 480"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("further 2xx are handed up for 32 s there too", () => {
    const { rig, client, answer } = calling("tcp");
    answer(200, "one");
    rig.clock.advance(31_999);
    answer(200, "two");
    expect(client.events).toEqual(["0 final 200", "31999 final 200"]);
    rig.clock.advance(1);
    expect(rig.leftovers).toEqual(nothingLeft);
  });
});

describe("an INVITE that cannot be sent", () => {
  test("has failed, but its user holds the transaction before it is told", () => {
    const rig = new Rig();
    rig.udp.errno = "ENETUNREACH";
    const client = rig.client();
    rig.layer.request(request("INVITE"), rig.udp, client.handlers);
    expect(client.events).toEqual([]);
    rig.clock.advance(0);
    expect(client.events).toEqual(["0 failed ENETUNREACH"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("has failed too when only a copy cannot be sent", () => {
    const { rig, flow, client } = calling();
    flow.errno = "ENETUNREACH";
    rig.clock.advance(500);
    expect(client.events).toEqual(["500 failed ENETUNREACH"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test.each([
    ["before an answer", [], ["0 failed ECONNRESET"]],
    ["while it rings", [180], ["0 provisional 180", "0 failed ECONNRESET"]],
    ["after a refusal", [486], ["0 final 486"]],
    ["after a 2xx", [200], ["0 final 200"]],
  ])("the flow ends %s", (_when, statuses, events) => {
    const { rig, flow, client, answer } = calling();
    for (const status of statuses) answer(status);
    rig.layer.flowClosed(flow, "ECONNRESET");
    expect(client.events).toEqual(events);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("the end of one flow does not touch transactions on another", () => {
    const { rig, client } = calling("udp");
    rig.layer.flowClosed(rig.tcp, "ECONNRESET");
    expect(client.events).toEqual([]);
    expect(rig.layer.status().clients).toBe(1);
  });
});

describe("an abandoned INVITE", () => {
  test.each([
    ["without an answer", [], 0],
    ["while it rings", [180], 0],
    ["after a 2xx", [200], 0],
  ])("%s is gone at once", (_when, statuses, acks) => {
    const { rig, flow, client, transaction, answer } = calling();
    for (const status of statuses) answer(status);
    const before = client.events.length;
    transaction.abandon();
    expect(rig.leftovers).toEqual(nothingLeft);
    answer(200);
    rig.clock.advance(60_000);
    expect(client.events).toHaveLength(before);
    expect(flow.timesOf("ACK")).toHaveLength(acks);
  });

  test("after a refusal still acknowledges its copies", () => {
    const { rig, flow, transaction, answer } = calling();
    answer(486);
    transaction.abandon();
    answer(486);
    expect(flow.timesOf("ACK")).toHaveLength(2);
    rig.clock.advance(32_000);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("can be abandoned from within its own handler", () => {
    const rig = new Rig();
    const client = rig.client();
    const transaction = rig.layer.request(request("INVITE"), rig.udp, {
      ...client.handlers,
      provisional: () => transaction.abandon(),
    });
    rig.layer.receive(respond(transaction.request, 180), rig.udp);
    rig.layer.receive(respond(transaction.request, 200), rig.udp);
    expect(client.events).toEqual([]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });
});

describe("a request as it leaves", () => {
  test("has our Via with a new branch and rport on top, and Max-Forwards 70", () => {
    const rig = new Rig();
    const first = rig.layer.request(request("INVITE"), rig.udp, rig.client().handlers).request;
    const second = rig.layer.request(request("INVITE"), rig.tcp, rig.client().handlers).request;
    expect(first.via).toHaveLength(1);
    expect(first.via[0]).toMatchObject({ transport: "UDP", host: "192.0.2.1", port: 5070 });
    expect(second.via[0]?.transport).toBe("TCP");
    expect([...(first.via[0]?.parameters.keys() ?? [])]).toEqual(["branch", "rport"]);
    const branches = [first, second].map(({ via }) => via[0]?.parameters.get("branch"));
    expect(branches[0]).toMatch(/^z9hG4bK[0-9a-f]{24}$/);
    expect(branches[1]).not.toBe(branches[0]);
    expect(first.maxForwards).toBe(70);
  });

  test("keeps a Max-Forwards that it has", () => {
    const rig = new Rig();
    const few = { ...request("OPTIONS"), maxForwards: 3 };
    const { request: sent } = rig.layer.request(few, rig.udp, rig.client().handlers);
    expect(sent.maxForwards).toBe(3);
  });

  test("an ACK to a 2xx is sent once, with a branch of its own and without a transaction", () => {
    const { rig, flow, transaction, answer } = calling();
    answer(200);
    expect(rig.layer.send(request("ACK"), flow)).toEqual({ ok: true });
    const ack = flow.request("ACK");
    expect(ack.via[0]?.parameters.get("branch")).toMatch(/^z9hG4bK/);
    expect(ack.via[0]?.parameters.get("branch")).not.toBe(
      transaction.request.via[0]?.parameters.get("branch"),
    );
    expect(ack.maxForwards).toBe(70);
    expect(rig.layer.status().clients).toBe(1);
    rig.clock.advance(40_000);
    expect(flow.timesOf("ACK")).toHaveLength(1);
  });

  test("an ACK that the flow does not take says so", () => {
    const { rig, flow } = calling();
    flow.errno = "EPIPE";
    expect(rig.layer.send(request("ACK"), flow)).toEqual({ ok: false, errno: "EPIPE" });
    expect(rig.layer.status().sendFailures).toBe(1);
  });
});

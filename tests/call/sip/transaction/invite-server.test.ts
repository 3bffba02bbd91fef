import { describe, expect, test } from "bun:test";
import { nothingLeft, request, type RequestParts, respond, Rig } from "./sip-rig.ts";

const branch = "z9hG4bKpeer1";

function invited(transport: "udp" | "tcp" = "udp", parts: RequestParts = {}) {
  const rig = new Rig();
  const flow = rig.flow(transport);
  const invite = request("INVITE", { branch, ...parts });
  rig.layer.receive(invite, flow);
  const answer = (status: number): void => rig.last.respond(respond(invite, status));
  const again = (): void => rig.layer.receive(invite, flow);
  const acknowledge = (): void =>
    rig.layer.receive(request("ACK", { branch, toTag: "to-tag", ...parts }), flow);
  return { rig, flow, invite, answer, again, acknowledge };
}

describe("100 Trying", () => {
  test("is sent after 200 ms for a user that has not answered", () => {
    const { rig, flow } = invited("udp", { headers: [{ name: "Timestamp", value: "54.21" }] });
    rig.clock.advance(199);
    expect(flow.names).toEqual([]);
    rig.clock.advance(1);
    expect(flow.timesOf("100")).toEqual([200]);
    const trying = flow.response(100);
    expect(trying.headers).toEqual([{ name: "Timestamp", value: "54.21" }]);
    expect(trying.to.parameters.has("tag")).toBe(false);
    expect(trying).toMatchObject({ reason: "Trying", callId: "call-1" });
    rig.clock.advance(60_000);
    expect(flow.names).toEqual(["100"]);
  });

  test.each([100, 180, 200, 486])("is not sent for a user that said %i in time", (status) => {
    const { rig, flow, answer } = invited();
    rig.clock.advance(199);
    answer(status);
    rig.clock.advance(1);
    expect(flow.names).toEqual([String(status)]);
  });
});

describe("copies of an INVITE", () => {
  test("are absorbed in silence before anything was said, then get the last response", () => {
    const { rig, flow, answer, again } = invited();
    again();
    expect(flow.names).toEqual([]);
    rig.clock.advance(200);
    again();
    answer(180);
    again();
    again();
    answer(486);
    again();
    expect(flow.names).toEqual(["100", "100", "180", "180", "180", "486", "486"]);
    expect(rig.events).toEqual(["0 request INVITE"]);
    expect(rig.layer.status()).toMatchObject({ taken: 1, absorbed: 5 });
  });

  test("a storm of 10,000 costs one transaction and no timer", () => {
    const { rig, flow, answer, again } = invited();
    answer(180);
    for (let copy = 0; copy < 10_000; copy += 1) again();
    expect(rig.events).toHaveLength(1);
    expect(flow.names).toHaveLength(10_001);
    expect(rig.leftovers).toEqual({ timers: 0, clients: 0, servers: 1 });
  });

  test("behind a 2xx are absorbed in silence for 32 s (timer L): its user repeats that", () => {
    const { rig, flow, answer, again } = invited();
    answer(200);
    rig.clock.advance(31_999);
    again();
    expect(flow.names).toEqual(["200"]);
    expect(rig.events).toEqual(["0 request INVITE"]);
    rig.clock.advance(1);
    expect(rig.leftovers).toEqual(nothingLeft);
  });
});

describe("a refusal", () => {
  test("is repeated by timer G, doubling up to 4 s, until timer H gives up after 32 s", () => {
    const { rig, flow, answer } = invited();
    answer(486);
    rig.clock.advance(31_999);
    expect(flow.timesOf("486")).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
    expect(rig.events).toEqual(["0 request INVITE"]);
    rig.clock.advance(1);
    expect(rig.events).toEqual(["0 request INVITE", "32000 unacknowledged INVITE ETIMEDOUT"]);
    expect(rig.leftovers).toEqual(nothingLeft);
    expect(rig.layer.status()).toMatchObject({ retransmissions: 10, unacknowledged: 1 });
  });

  test("its ACK ends repetition; copies of both are absorbed for 5 s (timer I)", () => {
    const { rig, flow, answer, again, acknowledge } = invited();
    answer(486);
    rig.clock.advance(600);
    acknowledge();
    rig.clock.advance(4999);
    acknowledge();
    again();
    expect(flow.timesOf("486")).toEqual([0, 500]);
    expect(rig.events).toEqual(["0 request INVITE"]);
    rig.clock.advance(1);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("when its ACK is lost it is repeated, and the next ACK settles it", () => {
    const { rig, flow, answer, acknowledge } = invited();
    answer(503);
    rig.clock.advance(3500);
    acknowledge();
    rig.clock.advance(60_000);
    expect(flow.timesOf("503")).toEqual([0, 500, 1500, 3500]);
    expect(rig.events).toEqual(["0 request INVITE"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("on a stream is sent once; timer H still waits for the ACK", () => {
    const { rig, flow, answer } = invited("tcp");
    answer(486);
    rig.clock.advance(32_000);
    expect(flow.timesOf("486")).toEqual([0]);
    expect(rig.events).toEqual(["0 request INVITE", "32000 unacknowledged INVITE ETIMEDOUT"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("on a stream the ACK ends it at once: timer I is 0", () => {
    const { rig, answer, acknowledge } = invited("tcp");
    answer(486);
    acknowledge();
    expect(rig.leftovers).toEqual(nothingLeft);
    expect(rig.events).toEqual(["0 request INVITE"]);
  });

  test("that the flow did not take counts as lost and is repeated", () => {
    const { rig, flow, answer, acknowledge } = invited();
    flow.errno = "ENOBUFS";
    answer(486);
    expect(rig.layer.status().sendFailures).toBe(1);
    flow.errno = undefined;
    rig.clock.advance(500);
    acknowledge();
    expect(flow.timesOf("486")).toEqual([500]);
    expect(rig.layer.status().sendFailures).toBe(1);
    expect(rig.events).toEqual(["0 request INVITE"]);
  });
});

describe("a final response", () => {
  test("is the last word: others are not sent", () => {
    const { rig, flow, answer } = invited();
    answer(486);
    answer(200);
    answer(180);
    answer(487);
    expect(flow.names).toEqual(["486"]);
    expect(rig.last.isAnswered).toBe(true);
  });

  test("of 2xx may be given again by its user, and nothing else may", () => {
    const { rig, flow, answer } = invited();
    expect(rig.last.isAnswered).toBe(false);
    answer(200);
    expect(rig.last.isAnswered).toBe(true);
    rig.clock.advance(500);
    answer(200);
    answer(486);
    answer(180);
    expect(flow.timesOf("200")).toEqual([0, 500]);
    expect(flow.names).toEqual(["200", "200"]);
  });

  test("after the end of the transaction is not sent", () => {
    const { rig, flow, answer } = invited();
    answer(200);
    rig.clock.advance(32_000);
    answer(200);
    expect(flow.timesOf("200")).toEqual([0]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("of 2xx keeps the transaction for 32 s on a stream as well", () => {
    const { rig, answer } = invited("tcp");
    answer(200);
    rig.clock.advance(31_999);
    expect(rig.layer.status().servers).toBe(1);
    rig.clock.advance(1);
    expect(rig.leftovers).toEqual(nothingLeft);
  });
});

describe("ACK", () => {
  test("to a 2xx has its own branch and is handed up, each copy of it", () => {
    const { rig, flow, answer } = invited();
    answer(200);
    const ack = request("ACK", { branch: "z9hG4bKpeer2", toTag: "to-tag" });
    rig.layer.receive(ack, flow);
    rig.layer.receive(ack, flow);
    expect(rig.events).toEqual(["0 request INVITE", "0 ack", "0 ack"]);
    expect(rig.acks).toEqual([ack, ack]);
    expect(rig.layer.status().strayAcks).toBe(2);
  });

  test("to a 2xx with the branch of the INVITE is handed up too", () => {
    const { rig, answer, acknowledge } = invited();
    answer(200);
    acknowledge();
    expect(rig.events).toEqual(["0 request INVITE", "0 ack"]);
  });

  test("before any final response means nothing", () => {
    const { rig, flow, answer, acknowledge } = invited();
    acknowledge();
    answer(180);
    acknowledge();
    answer(486);
    rig.clock.advance(500);
    expect(rig.events).toEqual(["0 request INVITE"]);
    expect(flow.timesOf("486")).toEqual([0, 500]);
  });
});

describe("the end of the flow", () => {
  test.each([
    ["before an answer", undefined, true],
    ["while it rings", 180, true],
    ["before the ACK to a refusal", 486, true],
    ["after a 2xx, whose ACK its user knows of", 200, false],
  ])("%s", (_when, status, isReported) => {
    const { rig, flow, answer } = invited("tcp");
    if (status !== undefined) answer(status);
    rig.layer.flowClosed(flow, "ECONNRESET");
    const reports = isReported ? ["0 unacknowledged INVITE ECONNRESET"] : [];
    expect(rig.events).toEqual(["0 request INVITE", ...reports]);
    expect(rig.leftovers).toEqual(nothingLeft);
    answer(200);
    expect(flow.timesOf("200")).toHaveLength(status === 200 ? 1 : 0);
  });

  test("after the ACK to a refusal is nothing to tell", () => {
    const { rig, flow, answer, acknowledge } = invited();
    answer(486);
    acknowledge();
    rig.layer.flowClosed(flow, "ECONNRESET");
    expect(rig.events).toEqual(["0 request INVITE"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });
});

test("a user may answer within the report of the request", () => {
  const rig = new Rig();
  rig.onRequest = (transaction) => {
    transaction.respond(respond(transaction.request, 100));
    transaction.respond(respond(transaction.request, 200));
  };
  rig.layer.receive(request("INVITE", { branch }), rig.udp);
  expect(rig.udp.names).toEqual(["100", "200"]);
});

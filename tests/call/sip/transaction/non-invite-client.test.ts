import { describe, expect, test } from "bun:test";
import { nothingLeft, request, respond, Rig } from "./sip-rig.ts";

function registering(transport: "udp" | "tcp" = "udp") {
  const rig = new Rig();
  const flow = rig.flow(transport);
  const client = rig.client();
  const transaction = rig.layer.request(request("REGISTER"), flow, client.handlers);
  const answer = (status: number): void =>
    rig.layer.receive(respond(transaction.request, status), flow);
  return { rig, flow, client, transaction, answer };
}

describe("a request other than INVITE on datagrams", () => {
  test("timer E repeats it, doubling up to 4 s, until timer F gives up after 32 s", () => {
    const { rig, flow, client } = registering();
    rig.clock.advance(31_999);
    expect(flow.timesOf("REGISTER")).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
    expect(client.events).toEqual([]);
    rig.clock.advance(1);
    expect(client.events).toEqual(["32000 timedOut"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("behind a 1xx the running timer E ends first and then is 4 s; timer F goes on", () => {
    const { rig, flow, client, answer } = registering();
    rig.clock.advance(700);
    answer(100);
    rig.clock.advance(31_300);
    expect(flow.timesOf("REGISTER")).toEqual([
      0, 500, 1500, 5500, 9500, 13_500, 17_500, 21_500, 25_500, 29_500,
    ]);
    expect(client.events).toEqual(["700 provisional 100", "32000 timedOut"]);
  });

  test.each([200, 302, 404, 500, 603])(
    "a %i is reported once; copies are absorbed for 5 s (timer K)",
    (status) => {
      const { rig, flow, client, answer } = registering();
      rig.clock.advance(100);
      answer(status);
      rig.clock.advance(4999);
      answer(status);
      answer(100);
      expect(client.events).toEqual([`100 final ${status}`]);
      expect(rig.layer.status()).toMatchObject({ clients: 1, strayResponses: 0 });
      rig.clock.advance(1);
      expect(rig.leftovers).toEqual(nothingLeft);
      answer(status);
      expect(client.events).toHaveLength(1);
      expect(rig.layer.status().strayResponses).toBe(1);
      expect(flow.names).toEqual(["REGISTER"]);
    },
  );
});

describe("a request other than INVITE on a stream", () => {
  test("is sent once and given up after 32 s", () => {
    const { rig, flow, client } = registering("tcp");
    rig.clock.advance(32_000);
    expect(flow.timesOf("REGISTER")).toEqual([0]);
    expect(client.events).toEqual(["32000 timedOut"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("its answer ends it at once: timer K is 0", () => {
    const { rig, client, answer } = registering("tcp");
    answer(100);
    answer(200);
    expect(client.events).toEqual(["0 provisional 100", "0 final 200"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });
});

describe("a request that fails", () => {
  test("because the flow does not take it", () => {
    const rig = new Rig();
    rig.udp.errno = "EPERM";
    const client = rig.client();
    rig.layer.request(request("OPTIONS"), rig.udp, client.handlers);
    rig.clock.advance(0);
    expect(client.events).toEqual(["0 failed EPERM"]);
    expect(rig.layer.status().sendFailures).toBe(1);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("not when its flow ends behind its answer", () => {
    const { rig, flow, client, answer } = registering();
    answer(200);
    rig.layer.flowClosed(flow, "ECONNRESET");
    expect(client.events).toEqual(["0 final 200"]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("because its flow ends, and then may be sent on another from its handler", () => {
    const rig = new Rig();
    const second = rig.client();
    rig.layer.request(request("REGISTER"), rig.tcp, {
      ...rig.client().handlers,
      failed: () => void rig.layer.request(request("REGISTER"), rig.udp, second.handlers),
    });
    rig.layer.flowClosed(rig.tcp, "ECONNRESET");
    rig.layer.receive(respond(rig.udp.request("REGISTER"), 200), rig.udp);
    expect(second.events).toEqual(["0 final 200"]);
  });

  test("says nothing once it is abandoned", () => {
    const { rig, flow, client, transaction, answer } = registering();
    transaction.abandon();
    expect(rig.leftovers).toEqual(nothingLeft);
    answer(200);
    rig.clock.advance(40_000);
    expect(client.events).toEqual([]);
    expect(flow.names).toEqual(["REGISTER"]);
  });

  test("is silent when it is abandoned before its failure to be sent was told", () => {
    const rig = new Rig();
    rig.udp.errno = "EPERM";
    const client = rig.client();
    rig.layer.request(request("OPTIONS"), rig.udp, client.handlers).abandon();
    rig.clock.advance(1000);
    expect(client.events).toEqual([]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });
});

describe("a response", () => {
  test("with a branch that nobody waits for is counted and dropped", () => {
    const { rig, flow, client, transaction } = registering();
    const via = transaction.request.via.map((hop) => ({
      ...hop,
      parameters: new Map([["branch", "z9hG4bKother"]]),
    }));
    rig.layer.receive({ ...respond(transaction.request, 200), via }, flow);
    expect(client.events).toEqual([]);
    expect(rig.layer.status()).toMatchObject({ strayResponses: 1, foreignResponses: 0 });
    expect(rig.memory.text()).toContain("no such transaction");
  });

  test("to another method with the same branch is dropped", () => {
    const { rig, flow, client, transaction } = registering();
    const cseq = { number: 1, method: "OPTIONS" };
    rig.layer.receive({ ...respond(transaction.request, 200), cseq }, flow);
    expect(client.events).toEqual([]);
    expect(rig.layer.status().strayResponses).toBe(1);
  });

  test.each([
    ["another host", { host: "198.51.100.7" }],
    ["another port", { port: 5099 }],
    ["another transport", { transport: "TCP" }],
  ])("whose top Via names %s is not ours", (_what, change) => {
    const { rig, flow, client, transaction } = registering();
    const via = transaction.request.via.map((hop) => ({ ...hop, ...change }));
    rig.layer.receive({ ...respond(transaction.request, 200), via }, flow);
    expect(client.events).toEqual([]);
    expect(rig.layer.status()).toMatchObject({ strayResponses: 0, foreignResponses: 1 });
    expect(rig.memory.text()).toContain("its Via is not ours");
  });

  test("without Via is not ours", () => {
    const { rig, flow, client, transaction } = registering();
    rig.layer.receive({ ...respond(transaction.request, 200), via: [] }, flow);
    expect(client.events).toEqual([]);
    expect(rig.layer.status().foreignResponses).toBe(1);
  });

  test("is ours whatever received and rport the peer has added", () => {
    const { rig, flow, client, transaction } = registering();
    const via = transaction.request.via.map((hop) => ({
      ...hop,
      parameters: new Map([...hop.parameters, ["rport", "40000"], ["received", "203.0.113.5"]]),
    }));
    rig.layer.receive({ ...respond(transaction.request, 200), via }, flow);
    expect(client.events).toEqual(["0 final 200"]);
  });
});
